// What every client is asked to do, in terms of an adapter that each client's script gives.
//
// A record is { value, key, headers, partition, timestamp }: buffers or null, headers as pairs in order.

import { equal, run, waitUntil } from './report.js'

const RETENTION = 'retention.ms'

/** Who owns which partition, and who processed what, over all members of one group. */
class Ledger {
  owners = new Map()
  processed = []
  faults = []

  assigned (member, partitions) {
    for (const partition of partitions) {
      const owner = this.owners.get(partition)
      if (owner !== undefined && owner !== member) {
        this.faults.push(`${partition} went to ${member} while ${owner} had it`)
      }
      this.owners.set(partition, member)
    }
  }

  /** Gives up everything that the member has: these clients rebalance eagerly. */
  revoked (member) {
    for (const partition of this.ownedBy(member)) this.owners.delete(partition)
  }

  record (member, partition, value) {
    if (this.owners.get(partition) !== member) {
      this.faults.push(`${member} got ${value} of ${partition}, which it does not own`)
    }
    this.processed.push(value)
  }

  ownedBy (member) {
    return [...this.owners].filter(([, owner]) => owner === member).map(([partition]) => partition).sort()
  }

  /** How many partitions each member owns. */
  shares () {
    const names = [...new Set(this.owners.values())].sort()
    return Object.fromEntries(names.map(name => [name, this.ownedBy(name).length]))
  }

  waitForShares (wanted) {
    const text = value => JSON.stringify(value)
    return waitUntil(() => text(this.shares()) === text(wanted),
      () => `shares ${text(wanted)}, they are ${text(this.shares())}`)
  }

  waitForRecords (count) {
    const distinct = () => new Set(this.processed).size
    return waitUntil(() => distinct() >= count, () => `${count} records, got ${distinct()}`)
  }

  /** Every record once, and no partition with two owners. */
  settle (wanted) {
    equal(this.processed.toSorted(), wanted.toSorted(), 'processed')
    equal(this.faults, [], 'faults')
  }
}

const values = (count, name = 'v') => Array.from({ length: count }, (_, n) => `${name}${n}`)

const records = (texts, partitions = 1) =>
  texts.map((text, n) => ({ value: Buffer.from(text), key: null, headers: [], partition: n % partitions }))

const texts = messages => messages.map(message => message.value.toString())

async function createTopic (client, topic, partitions = 1) {
  await client.createTopic(topic, partitions)
  await waitUntil(async () => (await client.topics()).includes(topic), `topic ${topic}`)
}

function compression (client, codec) {
  return async ({ topic }) => {
    await createTopic(client, topic)
    const wanted = values(100).map(value => value.repeat(50))
    await client.produce(topic, records(wanted), { compression: codec })
    equal(texts(await client.read(topic, 100)), wanted, 'values')
  }
}

async function headers (client, { topic }) {
  await createTopic(client, topic)
  const [one, two, empty] = ['1', '2', ''].map(text => Buffer.from(text))
  const twice = client.duplicateHeaders ? [['h', one], ['h', two]] : [['h', one]]
  const sent = [
    { value: null, key: Buffer.from('k'), headers: [...twice, ['empty', empty]], partition: 0 },
    { value: Buffer.from([0, 255]), key: empty, headers: [], partition: 0 },
    { value: empty, key: null, headers: [], partition: 0 }
  ]
  await client.produce(topic, sent)
  const facts = ({ key, value, headers }) => ({ key, value, headers })
  equal((await client.read(topic, 3)).map(facts), sent.map(facts), 'records')
  return `without null header values${client.duplicateHeaders ? '' : ' and a key twice'}, which the client does not send`
}

async function earliest (client, { topic }) {
  await createTopic(client, topic)
  await client.produce(topic, records(values(50)))
  const got = (await client.read(topic, 50)).map(({ offset, value }) => [offset, value.toString()])
  equal(got, values(50).map((value, n) => [n, value]), 'records')
}

async function timestamp (client, { topic }) {
  await createTopic(client, topic)
  const first = 1_600_000_000_000
  await client.produce(topic, records(values(10)).map((record, n) => ({ ...record, timestamp: first + 1000 * n })))
  const offset = await client.offsetForTime(topic, first + 5500)
  equal(offset, 6, 'offset at the time')
  const [message] = await client.read(topic, 1, offset)
  equal([message.timestamp, message.value.toString()], [first + 6000, 'v6'], 'record at the time')
}

async function group (client, { topic, group }) {
  await createTopic(client, topic, 6)
  const ledger = new Ledger()
  const sent = ['first', 'second', 'third'].map(name => values(120, name))
  const members = {}
  for (const name of ['a', 'b', 'c']) members[name] = await client.member(ledger, topic, group, name)
  await ledger.waitForShares({ a: 2, b: 2, c: 2 })
  await client.produce(topic, records(sent[0], 6))
  await ledger.waitForRecords(120)
  await members.c.leave()
  await client.produce(topic, records(sent[1], 6))
  await ledger.waitForShares({ a: 3, b: 3 })
  await ledger.waitForRecords(240)
  members.c = await client.member(ledger, topic, group, 'd')
  await client.produce(topic, records(sent[2], 6))
  await ledger.waitForShares({ a: 2, b: 2, d: 2 })
  await ledger.waitForRecords(360)
  for (const member of Object.values(members)) await member.leave()
  ledger.settle(sent.flat())
  return client.groupNote
}

async function broadcast (client, { topic, group }) {
  await createTopic(client, topic, 2)
  await client.produce(topic, records(values(60), 2))
  for (const name of ['one', 'two']) {
    const got = await client.take(topic, `${group}-${name}`, 60)
    equal(texts(got).toSorted(), values(60).toSorted(), `group ${name}`)
  }
}

async function resume (client, { topic, group }) {
  await createTopic(client, topic)
  await client.produce(topic, records(values(20)))
  equal(texts(await client.take(topic, group, 10)), values(20).slice(0, 10), 'values before the commit')
  equal(await client.committed(topic, group), 10, 'committed offset')
  equal(texts(await client.take(topic, group, 10)), values(20).slice(10), 'values after the commit')
}

async function idempotent (client, { topic }) {
  await createTopic(client, topic)
  const bases = await client.produce(topic, records(values(200)), { idempotent: true, batch: 50 })
  equal(bases, [0, 50, 100, 150], 'base offsets')
  equal(texts(await client.read(topic, 200)), values(200), 'values')
}

async function transactions (client, { topic, group }) {
  await createTopic(client, topic)
  const [kept, lost, more] = ['kept', 'lost', 'more'].map(name => values(5, name))
  await client.transact(topic, group, `${topic}-id`, [
    { records: records(kept), offset: 3, commits: true },
    { records: records(lost), offset: 99, commits: false },
    { records: records(more), offset: 7, commits: true }
  ])
  const [committed, all] = [[...kept, ...more], [...kept, ...lost, ...more]]
  equal(texts(await client.read(topic, 10, 0, { uncommitted: false })), committed, 'read committed')
  equal(texts(await client.read(topic, 15, 0, { uncommitted: true })), all, 'read uncommitted')
  if (!client.transactsOffsets) return 'without offsets, which the client takes from the messages that it consumes only'
  equal(await client.committed(topic, group), 7, 'committed offset')
}

async function fencing (client, { topic }) {
  await createTopic(client, topic)
  const [old, renewed] = ['old', 'new'].map(name => values(5, name))
  const heard = await client.takeOver(topic, `${topic}-id`, records(old), records(renewed))
  equal(heard !== undefined, true, "whether the first one's commit is refused")
  equal(texts(await client.read(topic, 5, 0, { uncommitted: false })), renewed, 'read committed')
}

async function staticMembers (client, { topic, group }) {
  await createTopic(client, topic, 4)
  const ledger = new Ledger()
  const first = await client.member(ledger, topic, group, 'a', { instance: 'a' })
  let second = await client.member(ledger, topic, group, 'b', { instance: 'b' })
  await ledger.waitForShares({ a: 2, b: 2 })
  const [before, assignments] = [ledger.ownedBy('b'), first.assignments]
  await second.leave()
  second = await client.member(ledger, topic, group, 'b', { instance: 'b' })
  await ledger.waitForShares({ a: 2, b: 2 })
  equal(ledger.ownedBy('b'), before, 'partitions of the member that came back')
  equal(first.assignments, assignments, 'assignments of the member that stayed')
  await first.leave()
  await second.leave()
}

async function configs (client, { topic }) {
  await createTopic(client, topic)
  equal(await client.config(topic, RETENTION), '604800000', 'default')
  await client.alterConfig(topic, RETENTION, '123456789')
  await waitUntil(async () => (await client.config(topic, RETENTION)) === '123456789', 'the changed value')
}

async function groups (client, { topic, group }) {
  await createTopic(client, topic, 2)
  const ledger = new Ledger()
  const member = await client.member(ledger, topic, group, 'a')
  await ledger.waitForShares({ a: 2 })
  equal((await client.groups()).includes(group), true, 'listed')
  equal(await client.describeGroup(group), ['stable', 'a'], 'state and client ids')
  await member.leave()
  await client.deleteGroup(group)
  equal((await client.groups()).includes(group), false, 'listed after it was deleted')
}

async function remove (client, { topic }) {
  await createTopic(client, topic)
  await client.deleteTopic(topic)
  await waitUntil(async () => !(await client.topics()).includes(topic), 'the topic to vanish')
}

/** Runs every check on the adapter. */
export async function main (client) {
  const on = check => names => check(client, names)
  const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'].map(codec => [codec, compression(client, codec)])
  await run(client.version, {
    create: ({ topic }) => createTopic(client, topic, 3),
    ...Object.fromEntries(codecs),
    headers: on(headers),
    earliest: on(earliest),
    timestamp: on(timestamp),
    group: on(group),
    broadcast: on(broadcast),
    resume: on(resume),
    idempotent: on(idempotent),
    transactions: on(transactions),
    fencing: on(fencing),
    cooperative: client.cooperative,
    static: on(staticMembers),
    configs: on(configs),
    groups: on(groups),
    delete: on(remove)
  })
}
