// The wire: one WebSocket that speaks `avatar.v1.json`, checked on arrival. visit.ts hands its messages on.
//
// JSON carries sound as base64, a third larger than msgpack: about 45 kB/s up and 65 kB/s down, which any line that
// carries a call can bear. Native clients use `avatar.v1.msgpack`.

import type { ServerMessage } from "./shapes";

export type { Message, MessageType, ServerMessage } from "./shapes";

const SUBPROTOCOL = "avatar.v1.json";
const CONGESTED_BYTES = 64 * 1024; // about a second and a half of microphone that the network did not take
const GOODBYE_MS = 1000; // how long the server may take to close after `leave`
const GREETING_MS = 15_000; // a server that has not said a word by then is not there
const LOST = 1006; // the close code of a connection that ended without one

/** Bytes as standard base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

type Events<M> = { onOpen: () => void; onMessage: (message: M) => void; onClose: (code: number) => void };

/**
 * One connection. `onMessage` gets messages as `read` decodes them; `onClose` is called once, with the close code, also
 * when the server never answers.
 */
export class Wire<M = ServerMessage> {
  #socket: WebSocket;

  constructor(url: string, { onOpen, onMessage, onClose }: Events<M>, read: (data: string) => M | null) {
    this.#socket = new WebSocket(url, [SUBPROTOCOL]);
    const patience = setTimeout(() => this.#giveUp(onClose), GREETING_MS);
    this.#socket.onopen = onOpen;
    this.#socket.onclose = ({ code }) => {
      clearTimeout(patience);
      onClose(code);
    };
    this.#socket.onmessage = ({ data }) => {
      clearTimeout(patience);
      const message = read(data);
      if (message) onMessage(message);
      else console.warn("A message from the server was not understood and was ignored.");
    };
  }

  /** Sends one message; after the connection has closed there is nobody to tell, and nothing happens. */
  send(type: string, fields: object = {}) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type, ...fields }));
  }

  /** True while the network does not keep up: sound from the microphone is then better dropped than late. */
  get congested(): boolean {
    return this.#socket.bufferedAmount > CONGESTED_BYTES;
  }

  /** Bytes that wait to be sent. */
  get waitingBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** Says goodbye; the server closes, and if it does not, this side does. */
  leave() {
    this.send("leave");
    setTimeout(() => this.#socket.close(1000), GOODBYE_MS);
  }

  /** Closes without a goodbye: the visit goes on over another connection. */
  drop() {
    this.#socket.close();
  }

  /** Nobody is there, though no network says so: a server that hangs, a firewall that swallows. Closing might hang, too. */
  #giveUp(onClose: (code: number) => void) {
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    onClose(LOST);
  }
}
