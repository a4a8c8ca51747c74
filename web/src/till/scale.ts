// SPDX-License-Identifier: Apache-2.0
// Labels of a scale: EAN-13 with a prefix of 20-29, whose digits the shop lays out as it likes. A mask says
// how, a letter a digit: I the goods, W grams, P minor units of money, C the check digit; digits stand for
// themselves. "21IIIIIWWWWWC" is 21, five digits of the goods, five of weight, check digit.

export interface Label {
  item: string;
  grams?: number;
  price?: number;
}

export const MASKS = ["21IIIIIWWWWWC", "22IIIIIPPPPPC"];

/** Empty: fine. Else what is wrong with it, as a key of the texts. */
export function maskFault(mask: string): "" | "maskLength" | "maskPrefix" | "maskLetters" {
  if (mask.length !== 13) return "maskLength";
  if (!/^2\d/.test(mask)) return "maskPrefix";
  const one = (letter: string) => new RegExp(`^[^${letter}]*${letter}+[^${letter}]*$`).test(mask);
  const value = mask.includes("W") ? !mask.includes("P") && one("W") : one("P");
  return /^[0-9IWPC]*$/.test(mask) && one("I") && value && mask.indexOf("C") === 12 ? "" : "maskLetters";
}

/** The check digit of the first twelve (ISO/IEC 15420, modulo 10 with weights 1 and 3). */
export const checkDigit = (code: string) => {
  const sum = [...code.slice(0, 12)].reduce((n, c, i) => n + Number(c) * (i % 2 === 0 ? 1 : 3), 0);
  return (10 - (sum % 10)) % 10;
};

/** What the label says; null: it is no label of these masks, or misread. */
export function readLabel(code: string, masks: readonly string[]): Label | null {
  if (!/^2\d{12}$/.test(code) || checkDigit(code) !== Number(code[12])) return null;
  const mask = masks.find((m) => maskFault(m) === "" && [...m].every((c, i) => !/\d/.test(c) || c === code[i]));
  if (!mask) return null;
  const digits = (letter: string) => [...code].filter((_, i) => mask[i] === letter).join("");
  const value = Number(digits(mask.includes("W") ? "W" : "P"));
  return { item: digits("I"), ...(mask.includes("W") ? { grams: value } : { price: value }) };
}
