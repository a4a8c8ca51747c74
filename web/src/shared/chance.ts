// SPDX-License-Identifier: Apache-2.0
// Works a draw out again, from what everybody may know once the game has ended: the construction
// is told in src/core/play/chance.h. Runs in the browser, so nobody has to believe the server.
const TICKETS = 1_000_000n;
const LARGEST = (1n << 64n) - ((1n << 64n) % TICKETS); // words from here on are drawn again

const bytesOf = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (b) => parseInt(b, 16));
const hexOf = (bytes: ArrayBuffer) =>
  Array.from(new Uint8Array(bytes), (b) => b.toString(16).padStart(2, "0")).join("");

/** False where pages do not come by https or from this very machine: browsers keep WebCrypto back. */
export const canVerify = () => typeof crypto !== "undefined" && crypto.subtle !== undefined;

export async function sha256(data: Uint8Array) {
  return hexOf(await crypto.subtle.digest("SHA-256", data));
}

export async function seedMatches(seed: string, hash: string) {
  return (await sha256(bytesOf(seed))) === hash;
}

export async function rulesMatch(text: string, hash: string) {
  return (await sha256(new TextEncoder().encode(text))) === hash;
}

export async function ticketOf(seed: string, edition: number, player: string, draw: number): Promise<number> {
  const key = await crypto.subtle.importKey("raw", bytesOf(seed), { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
  const message = new Uint8Array(32);
  message.set(new TextEncoder().encode("tongbao1"));
  const view = new DataView(message.buffer);
  view.setUint32(8, edition);
  view.setBigUint64(12, BigInt(`0x${player}`));
  view.setBigUint64(20, BigInt(draw));
  for (let block = 0; block < 1000; block++) {
    view.setUint32(28, block);
    const words = new DataView(await crypto.subtle.sign("HMAC", key, message));
    for (let i = 0; i < 4; i++) {
      const word = words.getBigUint64(i * 8);
      if (word < LARGEST) return Number(word % TICKETS);
    }
  }
  throw new Error("no word below the bound");
}

/** On which prize a ticket falls. */
export function prizeOf<P extends { ppm: number }>(prizes: readonly P[], ticket: number): P | undefined {
  let from = 0;
  return prizes.find((p) => {
    from += p.ppm;
    return ticket < from;
  });
}
