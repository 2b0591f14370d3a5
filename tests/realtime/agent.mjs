// A stock agent of @openai/agents over its own WebSocket transport, told only the server's address and what to say.
//
// usage: node agent.mjs URL KEY TEXT [PCM_FILE]
// Types TEXT, if there is any, and, a little into the answer, streams the file's sound (PCM16, 24 kHz), if there is one.
// Writes one JSON line with what it went through.

import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { OpenAIRealtimeWebSocket, RealtimeAgent, RealtimeSession } from '@openai/agents/realtime';

const [url, apiKey, text, soundPath] = process.argv.slice(2);
const CHUNK_MS = 40;
const INTO_THE_ANSWER_MS = 1500;
const CHUNK_BYTES = 48 * CHUNK_MS;

const transport = new OpenAIRealtimeWebSocket({ url });
const agent = new RealtimeAgent({ name: 'Pirate', instructions: 'You are a pirate.' });
const session = new RealtimeSession(agent, { transport });

const seen = { types: [], errors: [], audioBytes: 0, ignored: [], history: [] };
let responsesDone = 0;
let talking = true;

session.on('error', ({ error }) => seen.errors.push(error?.error ?? String(error)));
session.on('audio', (event) => {
  seen.audioBytes += event.data.byteLength;
});
transport.on('*', (event) => {
  if (!seen.types.includes(event.type)) seen.types.push(event.type);
  if (event.type === 'avatar.ignored') seen.ignored.push(...Object.keys(event.params));
  if (event.type === 'response.done') responsesDone += 1;
});

async function until(condition) {
  const deadline = Date.now() + 30_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`nothing more came: ${JSON.stringify(seen)}`);
    await sleep(20);
  }
}

async function stream(sound) {
  for (let begin = 0; begin < sound.length; begin += CHUNK_BYTES) {
    const slice = sound.subarray(begin, begin + CHUNK_BYTES);
    session.sendAudio(slice.buffer.slice(slice.byteOffset, slice.byteOffset + slice.byteLength));
    await sleep(CHUNK_MS);
  }
  const silence = new ArrayBuffer(CHUNK_BYTES);
  while (talking) {
    session.sendAudio(silence);
    await sleep(CHUNK_MS);
  }
}

await session.connect({ apiKey });
await until(() => seen.types.includes('avatar.disclosed'));
const expected = responsesDone + (text ? 1 : 0) + (soundPath ? 1 : 0);
const quietBytes = seen.audioBytes;
if (text) session.sendMessage(text);
if (text && soundPath) {
  await until(() => seen.audioBytes > quietBytes);
  await sleep(INTO_THE_ANSWER_MS);
}
const streaming = soundPath ? stream(await readFile(soundPath)) : undefined;
await until(() => responsesDone >= expected);
talking = false;
await streaming;
await sleep(100);
seen.history = session.history.map((item) => ({
  role: item.role,
  status: item.status,
  said: item.content.map((part) => part.text ?? part.transcript ?? '').join(' '),
}));
session.close();
console.log(JSON.stringify(seen));
