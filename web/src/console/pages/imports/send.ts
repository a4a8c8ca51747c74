// SPDX-License-Identifier: Apache-2.0
// A file goes to the server in pieces; the server says how much has come, and the rest follows.
import { api, type Import } from "../../../api/client.gen";

const PIECE = 384 * 1024; // a multiple of 3: no padding but at the end

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}

export async function sendFile(made: Import, file: Blob, said: (received: number) => void): Promise<Import> {
  let at = made;
  while (at.received < file.size) {
    const piece = new Uint8Array(await file.slice(at.received, at.received + PIECE).arrayBuffer());
    at = await api.postImportPiece({ code: made.code }, { offset: at.received, data: base64(piece) });
    said(at.received);
  }
  return at;
}

/** "members-20261122-124501" */
export function newCode(kind: string, now = new Date()): string {
  return `${kind}-${now.toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-")}`;
}

/** The rejected rows, page after page, as one file. */
export async function saveRejects(code: string) {
  const parts: string[] = [];
  let offset = 0;
  for (;;) {
    const text = await api.getImportRejects({ code, offset });
    if (!text) break;
    parts.push(text);
    offset += new TextEncoder().encode(text).length;
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(["\ufeff", ...parts], { type: "text/csv" }));
  link.download = `${code}-rejected.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}
