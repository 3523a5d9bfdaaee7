// Features, their one-line reports, and waiting. A check returns a note or nothing; an exception is a
// failure, and NotApplicable says why a client has no such feature.

import { inspect, isDeepStrictEqual } from 'node:util'

export const BOOTSTRAP = process.env.BOOTSTRAP
const WAIT_MS = 20_000

export class NotApplicable extends Error {}

export async function run (version, checks) {
  console.log(JSON.stringify({ version }))
  const wanted = (process.env.FEATURES ?? '').split(',').filter(Boolean)
  for (const [feature, check] of Object.entries(checks)) {
    if (wanted.length > 0 && !wanted.includes(feature)) continue
    const topic = `${process.env.PREFIX}-${feature}`
    try {
      report(feature, true, (await check({ topic, group: `${topic}-group` })) ?? '')
    } catch (error) {
      report(feature, error instanceof NotApplicable ? null : false, `${error.message}`)
    }
  }
  process.exit(0)
}

function report (feature, ok, note) {
  console.log(JSON.stringify({ feature, ok, note: note.replace(/\s+/g, ' ') }))
}

export function equal (got, wanted, what) {
  if (!isDeepStrictEqual(got, wanted)) {
    throw new Error(`${what}: got ${shorten(got)}, wanted ${shorten(wanted)}`)
  }
}

function shorten (value) {
  const text = inspect(value, { breakLength: Infinity, maxArrayLength: 20, depth: 4 })
  return text.length <= 300 ? text : `${text.slice(0, 300)}…`
}

/** Waits for what others do; `what` is a text or makes one. */
export async function waitUntil (condition, what) {
  const deadline = Date.now() + WAIT_MS
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${WAIT_MS} ms for ${typeof what === 'string' ? what : what()}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
