// SPDX-License-Identifier: Apache-2.0
// One way to the server: every operation of client.gen.ts goes through call().
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

export interface Operation {
  name: string;
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  roles: readonly string[];
  query: readonly string[];
  idempotency: "none" | "natural" | "required";
  body: boolean;
}

export interface Problem {
  title: string;
  status: number;
  code: string;
  detail?: string;
  field?: string;
  position?: { offset: number; line: number; column: number };
  request_id?: string;
}

export class ApiError extends Error {
  constructor(
    readonly problem: Problem,
    readonly retryAfter: number,
  ) {
    super(problem.title);
  }
}

let csrf = "";
let page = "";
let ended: () => void = () => undefined;

/** The token of the session; goes out with every write. */
export const setCsrf = (token: string | undefined) => {
  csrf = token ?? "";
};
/** Which cookie speaks for this page: a member's, or the staff's. */
export const setPage = (name: "" | "member") => {
  page = name;
};
/** Called when the server no longer knows the session. */
export const onSessionEnded = (f: () => void) => {
  ended = f;
};

export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

function target(op: Operation, params: Record<string, unknown>): string {
  const path = op.path.replace(/\{([a-z_]+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])));
  const query = new URLSearchParams();
  for (const name of op.query) {
    const value = params[name];
    if (value !== undefined && value !== null && value !== "") query.set(name, String(value));
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    return (await response.json()) as Problem;
  } catch {
    return { title: response.statusText, status: response.status, code: "http" };
  }
}

export async function call<R>(op: Operation, params: object, body?: unknown): Promise<R> {
  const headers: Record<string, string> = { Accept: "application/json" };
  const writes = op.method !== "GET";
  if (page) headers["X-Page"] = page;
  if (writes && csrf) headers["X-CSRF-Token"] = csrf;
  if (writes && op.idempotency !== "none") headers["Idempotency-Key"] = newKey();
  if (op.body) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(target(op, params as Record<string, unknown>), {
      method: op.method,
      headers,
      body: op.body ? JSON.stringify(body) : undefined,
      credentials: "same-origin",
    });
  } catch {
    throw new ApiError({ title: "network", status: 0, code: "network" }, 1);
  }
  if (!response.ok) {
    const problem = await problemOf(response);
    if (problem.code === "session_ended") ended();
    throw new ApiError(problem, Number(response.headers.get("Retry-After") ?? 0));
  }
  if (response.status === 204) return undefined as R;
  if (response.headers.get("Content-Type")?.startsWith("text/plain")) return (await response.text()) as R;
  return (await response.json()) as R;
}
