// SPDX-License-Identifier: Apache-2.0
/* border/name.h - the ways in which somebody at a counter types a person's name.
 *
 * A name becomes a list of forms; a query becomes one to four forms; a name is found when it has
 * all forms of the query. What is stored of a form is a keyed token (http/names.h), never the form.
 *
 *   folded      NFKD, case folded, accents dropped; blanks, dots, dashes and other punctuation
 *               separate and go. "Ｊｏｓé" and "jose" are one, 欧阳·娜娜 is 欧阳娜娜.
 *   Han         the first character alone (a surname), and every piece of two to four characters.
 *   letters     the name as syllables (pinyin of a Han character) or words (anything else),
 *               joined: every beginning of 2 to 12 letters, from the first, second and third
 *               syllable on: zh, zha ... zhangwe, zhangwei; we, wei.
 *   initials    likewise, of first letters: zw.
 * A character that is read in several ways gives the forms of each (at most 8 readings of a name):
 * surnames 单 shan/dan, 曾 zeng/ceng, 解 xie/jie, 仇 qiu/chou ..., 行, 乐, 长 in given names; ü is
 * both u and v. Readings come from ICU's Han-Latin (CLDR, of Unihan kMandarin); the others from a
 * table in name.c. One letter alone finds nobody, longer than 12 counts as its first 12.
 *
 * Threads     tb_name_query: any. A tb_pinyin: one at a time.
 * Cost        opening a tb_pinyin builds ICU's transliterator, see docs/design/0021; a character is
 *             transliterated once and remembered.                                            */
#ifndef TB_BORDER_NAME_H
#define TB_BORDER_NAME_H

#include "base/fault.h"
#include "base/text.h"

#define TB_NAME_BYTES_MAX 256u   /* longer ones are cut, at a character */
#define TB_NAME_FORMS_MAX 96u    /* what is beyond goes unfound */
#define TB_NAME_FORM_BYTES 16u   /* four Han characters, twelve letters */
#define TB_NAME_QUERY_FORMS_MAX 4u

struct tb_name_form {
    uint8_t n;
    char p[TB_NAME_FORM_BYTES];
};

struct tb_pinyin;
/* NULL with *fault: ICU has no transliterator. */
TB_MUST_USE struct tb_pinyin *tb_pinyin_open(struct tb_fault *fault);
void tb_pinyin_close(struct tb_pinyin *p); /* NULL is fine */

/* Different forms of a name (UTF-8, as given) into form[TB_NAME_FORMS_MAX]; their number. pinyin
 * may be NULL: then Han characters have no letters.                                          */
uint32_t tb_name_forms(struct tb_pinyin *pinyin, struct tb_str name, struct tb_name_form *form);

/* Forms that a name must have, into form[TB_NAME_QUERY_FORMS_MAX]; 0: nothing to look for (empty,
 * one letter, only punctuation). A piece of letters and one of Han count each: 张wei.          */
uint32_t tb_name_query(struct tb_str query, struct tb_name_form *form);

#endif
