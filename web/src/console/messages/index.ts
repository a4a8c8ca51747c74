// SPDX-License-Identifier: Apache-2.0
import { texts } from "../../shared/language";
import { en } from "./en";
import { zh } from "./zh";

export const useT = texts({ zh, en });
