// @platformatic/kafka: pure JavaScript with codecs in WebAssembly; zstd comes from Node.js itself, from 22.15 on.

import { readFileSync } from 'node:fs'
import zlib from 'node:zlib'
import {
  Admin, ConfigResourceTypes, Consumer, IncrementalAlterConfigOperationTypes, Producer
} from '@platformatic/kafka'
import { BOOTSTRAP, NotApplicable, equal, waitUntil } from './report.js'
import { main } from './scenarios.js'

const common = clientId => ({ clientId, bootstrapBrokers: [BOOTSTRAP] })

const consumer = (groupId, clientId = 'reader', settings = {}) => new Consumer({
  ...common(clientId),
  groupId,
  autocommit: false,
  maxWaitTime: 100,
  sessionTimeout: 6000,
  heartbeatInterval: 300,
  ...settings
})

const READ_UNCOMMITTED = 0
const READ_COMMITTED = 1

class Platformatic {
  version = JSON.parse(readFileSync('node_modules/@platformatic/kafka/package.json')).version
  duplicateHeaders = true
  transactsOffsets = false
  groupNote = 'the script drops records of partitions that were taken away: the client still delivers them'
  admin = new Admin(common('admin'))

  createTopic (topic, partitions) {
    return this.admin.createTopics({ topics: [topic], partitions, replicas: 1 })
  }

  topics () {
    return this.admin.listTopics()
  }

  deleteTopic (topic) {
    return this.admin.deleteTopics({ topics: [topic] })
  }

  /** Sends batches and returns the base offset of each. */
  async produce (topic, records, { compression = 'none', idempotent = false, batch = records.length } = {}) {
    if (compression === 'zstd' && !zlib.zstdCompressSync) throw new NotApplicable('needs Node.js 22.15 or newer')
    const producer = new Producer({ ...common('producer'), idempotent, compression })
    const messages = records.map(({ value, key, headers, partition, timestamp }) => ({
      topic,
      partition,
      // Leaving a field out is how this client sends null.
      ...(value !== null && { value }),
      ...(key !== null && { key }),
      headers: new Map(headers.map(([name, value]) => [Buffer.from(name), value])),
      ...(timestamp && { timestamp: BigInt(timestamp) })
    }))
    const offsets = []
    for (let at = 0; at < messages.length; at += batch) {
      const result = await producer.send({ messages: messages.slice(at, at + batch) })
      offsets.push(Number(result.offsets[0].offset))
    }
    await producer.close()
    return offsets
  }

  async transact (topic, _, transactionalId, transactions) {
    const producer = new Producer({ ...common('producer'), idempotent: true, transactionalId })
    for (const { records, commits } of transactions) {
      const transaction = await producer.beginTransaction()
      await transaction.send({ messages: records.map(({ value, partition }) => ({ topic, partition, value })) })
      await (commits ? transaction.commit() : transaction.abort())
    }
    await producer.close()
  }

  takeOver () {
    throw new NotApplicable('the client asks for its id as producer 0 with epoch 0, and is refused unless it is that one')
  }

  /** A reader belongs to a group, there is no other; it commits only when told. */
  async consume (topic, group, count, { mode, start, commit, uncommitted = false }) {
    const reader = consumer(group, 'reader', { isolationLevel: uncommitted ? READ_UNCOMMITTED : READ_COMMITTED })
    const offsets = start === undefined ? undefined : [{ topic, partition: 0, offset: BigInt(start) }]
    const stream = await reader.consume({ topics: [topic], mode, fallbackMode: 'earliest', offsets })
    const messages = []
    stream.on('data', message => {
      if (messages.length < count) messages.push(message)
    })
    await waitUntil(() => messages.length >= count, () => `${count} records, got ${messages.length}`)
    if (commit) {
      const ends = new Map(messages.map(({ partition, offset }) => [partition, offset + 1n]))
      const offsets = [...ends].map(([partition, offset]) => ({ topic, partition, offset, leaderEpoch: -1 }))
      await reader.commit({ offsets })
    }
    await reader.close(true)
    return messages.map(({ key, value, headers, timestamp, offset }) => ({
      key: key ?? null,
      value: value ?? null,
      headers: [...headers].map(([name, value]) => [name.toString(), value]),
      timestamp: Number(timestamp),
      offset: Number(offset)
    }))
  }

  read (topic, count, start = 0, { uncommitted } = {}) {
    return this.consume(topic, `${topic}-read`, count, { mode: 'manual', start, uncommitted })
  }

  take (topic, group, count) {
    return this.consume(topic, group, count, { mode: 'committed', commit: true })
  }

  async offsetForTime (topic, timestamp) {
    const partitions = [{ partitionIndex: 0, timestamp: BigInt(timestamp) }]
    const [found] = await this.admin.listOffsets({ topics: [{ name: topic, partitions }] })
    return Number(found.partitions[0].offset)
  }

  async committed (topic, group) {
    const [found] = await this.admin.listConsumerGroupOffsets({ groups: [group] })
    equal(found.topics.map(({ name }) => name), [topic], 'topics with commits')
    return Number(found.topics[0].partitions[0].committedOffset)
  }

  async member (ledger, topic, group, name, { instance } = {}) {
    if (instance) throw new NotApplicable('its static members leave the group when they close')
    const member = consumer(group, name)
    member.on('consumer:group:join', ({ assignments }) => {
      const mine = (assignments ?? []).find(assignment => assignment.topic === topic)
      ledger.assigned(name, mine?.partitions ?? [])
    })
    member.on('consumer:group:rebalance', () => ledger.revoked(name))
    const stream = await member.consume({ topics: [topic], mode: 'committed', fallbackMode: 'earliest' })
    stream.on('data', async message => {
      // A fetch that was under way when the group changed still delivers what is now another member's.
      if (!ledger.ownedBy(name).includes(message.partition)) return
      ledger.record(name, message.partition, message.value.toString())
      await message.commit()
    })
    return {
      leave: async () => {
        await stream.close()
        ledger.revoked(name)
        await member.close(true)
      }
    }
  }

  async cooperative () {
    throw new NotApplicable('the client rebalances eagerly only')
  }

  async config (topic, name) {
    const resources = [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configurationKeys: [name] }]
    const [described] = await this.admin.describeConfigs({ resources })
    return described.configs[0].value
  }

  alterConfig (topic, name, value) {
    const configs = [{ name, value, configOperation: IncrementalAlterConfigOperationTypes.SET }]
    const resources = [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configs }]
    return this.admin.incrementalAlterConfigs({ resources })
  }

  async groups () {
    return [...(await this.admin.listGroups()).keys()]
  }

  async describeGroup (group) {
    const described = (await this.admin.describeGroups({ groups: [group] })).get(group)
    return [described.state.toLowerCase(), ...[...described.members.values()].map(({ clientId }) => clientId)]
  }

  deleteGroup (group) {
    return this.admin.deleteGroups({ groups: [group] })
  }
}

await main(new Platformatic())
