// SPDX-License-Identifier: Apache-2.0
export { Attributes, Purposes } from "./consent";
export { Products, Touchpoints, Webhooks } from "./places";
export { Rules, Tiers, Units } from "./value";
