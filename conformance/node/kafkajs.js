// kafkajs: pure JavaScript; it leaves snappy, lz4 and zstd to codecs that its user registers.

import { readFileSync } from 'node:fs'
import { compress as zstdCompress, decompress as zstdDecompress, init as startZstd } from '@bokuweb/zstd-wasm'
import { lz4Compress, lz4Decompress } from '@platformatic/wasm-utils'
import kafkajs from 'kafkajs'
import snappy from 'kafkajs-snappy'
import { BOOTSTRAP, NotApplicable, waitUntil } from './report.js'
import { main } from './scenarios.js'

const { CompressionCodecs, CompressionTypes, ConfigResourceTypes, Kafka, logLevel } = kafkajs

const codec = (compress, decompress) => () => ({
  compress: async encoder => Buffer.from(compress(encoder.buffer)),
  decompress: async buffer => Buffer.from(decompress(buffer))
})
CompressionCodecs[CompressionTypes.Snappy] = snappy
CompressionCodecs[CompressionTypes.LZ4] = codec(lz4Compress, lz4Decompress)
CompressionCodecs[CompressionTypes.ZSTD] = codec(zstdCompress, zstdDecompress)

const COMPRESSION = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD
}

const kafka = clientId => new Kafka({
  clientId,
  brokers: [BOOTSTRAP],
  logLevel: logLevel.NOTHING,
  // The default waits 300 ms and more, which is most of what a run would take.
  retry: { initialRetryTime: 50 }
})

const consumer = (group, clientId = 'reader', settings = {}) => kafka(clientId).consumer({
  groupId: group,
  sessionTimeout: 6000,
  heartbeatInterval: 300,
  maxWaitTimeInMs: 100,
  ...settings
})

/** The library's form: one value per header, or a list. */
function headersToSend (pairs) {
  const headers = {}
  for (const [key, value] of pairs) headers[key] = key in headers ? [headers[key], value].flat() : value
  return headers
}

const headersGot = headers =>
  Object.entries(headers).flatMap(([key, value]) => [value].flat().map(each => [key, each]))

class Kafkajs {
  version = JSON.parse(readFileSync('node_modules/kafkajs/package.json')).version
  duplicateHeaders = true
  transactsOffsets = true

  async start () {
    await startZstd()
    this.admin = kafka('admin').admin()
    await this.admin.connect()
    return this
  }

  createTopic (topic, numPartitions) {
    return this.admin.createTopics({ topics: [{ topic, numPartitions, replicationFactor: 1 }] })
  }

  topics () {
    return this.admin.listTopics()
  }

  deleteTopic (topic) {
    return this.admin.deleteTopics({ topics: [topic] })
  }

  /** Sends batches and returns the base offset of each. */
  async produce (topic, records, { compression = 'none', idempotent = false, batch = records.length } = {}) {
    const producer = kafka('producer').producer({ idempotent })
    await producer.connect()
    const messages = records.map(record => ({
      ...record,
      headers: headersToSend(record.headers),
      timestamp: record.timestamp && String(record.timestamp)
    }))
    const offsets = []
    for (let at = 0; at < messages.length; at += batch) {
      const sent = { topic, messages: messages.slice(at, at + batch), compression: COMPRESSION[compression] }
      const [result] = await producer.send(sent)
      offsets.push(Number(result.baseOffset))
    }
    await producer.disconnect()
    return offsets
  }

  async transact (topic, consumerGroupId, transactionalId, transactions) {
    const producer = kafka('producer').producer({ transactionalId, maxInFlightRequests: 1, idempotent: true })
    await producer.connect()
    for (const { records, offset, commits } of transactions) {
      const transaction = await producer.transaction()
      await transaction.send({ topic, messages: records.map(({ value, partition }) => ({ value, partition })) })
      const topics = [{ topic, partitions: [{ partition: 0, offset: String(offset) }] }]
      await transaction.sendOffsets({ consumerGroupId, topics })
      await (commits ? transaction.commit() : transaction.abort())
    }
    await producer.disconnect()
  }

  /** The second one comes while the first one's transaction is open. Gives what the first one hears. */
  async takeOver (topic, transactionalId, old, renewed) {
    const make = () => kafka('producer').producer({ transactionalId, maxInFlightRequests: 1, idempotent: true })
    const send = (transaction, records) =>
      transaction.send({ topic, messages: records.map(({ value, partition }) => ({ value, partition })) })
    const [first, second] = [make(), make()]
    await first.connect()
    await second.connect()
    const opened = await first.transaction()
    await send(opened, old)
    const mine = await second.transaction()
    let heard
    await opened.commit().catch(refused => { heard = refused })
    await send(mine, renewed)
    await mine.commit()
    await first.disconnect()
    await second.disconnect()
    return heard
  }

  /** A reader belongs to a group, there is no other; it commits only when told. */
  async consume (topic, group, count, { start, commit, uncommitted = false }) {
    const reader = consumer(group, 'reader', { readUncommitted: uncommitted })
    const messages = []
    await reader.connect()
    await reader.subscribe({ topic, fromBeginning: true })
    await reader.run({
      autoCommit: false,
      eachMessage: async ({ message, partition }) => {
        if (messages.length < count) messages.push({ ...message, partition })
      }
    })
    if (start !== undefined) reader.seek({ topic, partition: 0, offset: String(start) })
    await waitUntil(() => messages.length >= count, () => `${count} records, got ${messages.length}`)
    if (commit) {
      const ends = new Map(messages.map(({ partition, offset }) => [partition, String(Number(offset) + 1)]))
      await reader.commitOffsets([...ends].map(([partition, offset]) => ({ topic, partition, offset })))
    }
    await reader.disconnect()
    return messages.map(({ key, value, headers, timestamp, offset }) => (
      { key, value, headers: headersGot(headers), timestamp: Number(timestamp), offset: Number(offset) }))
  }

  read (topic, count, start = 0, { uncommitted } = {}) {
    return this.consume(topic, `${topic}-read`, count, { start, uncommitted })
  }

  take (topic, group, count) {
    return this.consume(topic, group, count, { commit: true })
  }

  async offsetForTime (topic, timestamp) {
    const [found] = await this.admin.fetchTopicOffsetsByTimestamp(topic, timestamp)
    return Number(found.offset)
  }

  async committed (topic, groupId) {
    const [found] = await this.admin.fetchOffsets({ groupId, topics: [topic] })
    return Number(found.partitions[0].offset)
  }

  async member (ledger, topic, group, name, { instance } = {}) {
    if (instance) throw new NotApplicable('the client has no static members')
    const member = consumer(group, name)
    member.on(member.events.GROUP_JOIN, ({ payload }) => ledger.assigned(name, payload.memberAssignment[topic] ?? []))
    member.on(member.events.REBALANCING, () => ledger.revoked(name))
    await member.connect()
    await member.subscribe({ topic, fromBeginning: true })
    await member.run({
      eachMessage: async ({ partition, message }) => ledger.record(name, partition, message.value.toString())
    })
    return {
      leave: async () => {
        await member.stop()
        ledger.revoked(name)
        await member.disconnect()
      }
    }
  }

  async cooperative () {
    throw new NotApplicable('the client rebalances eagerly only')
  }

  async config (topic, name) {
    const resources = [{ type: ConfigResourceTypes.TOPIC, name: topic, configNames: [name] }]
    const described = await this.admin.describeConfigs({ resources })
    return described.resources[0].configEntries[0].configValue
  }

  alterConfig (topic, name, value) {
    const resources = [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries: [{ name, value }] }]
    return this.admin.alterConfigs({ resources })
  }

  async groups () {
    return (await this.admin.listGroups()).groups.map(({ groupId }) => groupId)
  }

  async describeGroup (group) {
    const [described] = (await this.admin.describeGroups([group])).groups
    return [described.state.toLowerCase(), ...described.members.map(({ clientId }) => clientId)]
  }

  deleteGroup (group) {
    return this.admin.deleteGroups([group])
  }
}

await main(await new Kafkajs().start())
