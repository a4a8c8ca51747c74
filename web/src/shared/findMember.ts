// SPDX-License-Identifier: Apache-2.0
// A member by what somebody types or scans: her id or code, a phone number, a card.
import { api, type Member } from "../api/client.gen";
import { ApiError } from "../api/http";

/** An id, or the code that a member shows. */
export const MEMBER = /^(mbr_.+|M[0-9A-Z]{15})$/i;

/** Null when nobody is known by it. */
export async function findMember(typed: string): Promise<Member | null> {
  const value = typed.replace(/\s/g, "");
  const tries = MEMBER.test(value)
    ? [() => api.getMember({ member: value, view: "brief" })]
    : ["phone", "card"].map((ns) => () => api.findMember({ ns, value, view: "brief" }));
  for (const one of tries) {
    try {
      return await one();
    } catch (e) {
      if (!(e instanceof ApiError) || ![400, 404, 422].includes(e.problem.status)) throw e;
    }
  }
  return null;
}
