// SPDX-License-Identifier: Apache-2.0
/* http/erasing.h - the keys of erased profiles go.
 *
 * What counts is the state of the cell: a profile is a tombstone from its Erased event on,
 * for ever. The key store only follows it, and may have been left behind: by a crash between
 * the commit and the key store's disk, or because an older key store was put in its place.
 * So whoever opens a folder to lead calls tb_erasing_all before anybody can read.
 * Threads    any but the cell's and the IO threads: both wait for the cell and for the disk.
 * Faults     the cell does not run, or the key store answers anything but DONE; what was
 *            destroyed stays so, the rest is for the next call.                          */
#ifndef TB_HTTP_ERASING_H
#define TB_HTTP_ERASING_H

#include "engine/cell.h"

struct tb_keystore;

/* The erased profiles of the person that this profile belongs to, however many. */
TB_MUST_USE bool tb_erasing_person(struct tb_cell *cell, struct tb_keystore *keys, uint32_t profile,
                                   struct tb_fault *fault);
/* Every erased profile whose key is still there; their number into *destroyed. Reads each
 * person once, the cell is held for some 10 ms at a time.                                */
TB_MUST_USE bool tb_erasing_all(struct tb_cell *cell, struct tb_keystore *keys, uint64_t *destroyed,
                                struct tb_fault *fault);

#endif
