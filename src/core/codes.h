// SPDX-License-Identifier: Apache-2.0
/* core/codes.h - every refusal that core gives, once: name, HTTP status, text.
 *
 * A refusal is an answer: it was decided on the state, is kept with the idempotency
 * key, and changes nothing. The text is for a developer; `code` is the contract.       */
#ifndef TB_CORE_CODES_H
#define TB_CORE_CODES_H

#define TB_CODES(X)                                                                             \
    X(OK, 200, "ok")                                                                            \
    X(NOT_FOUND, 404, "There is no such object.")                                               \
    X(UNKNOWN_NAMESPACE, 422, "The identifier's namespace is not declared.")                    \
    X(UNKNOWN_UNIT, 422, "The unit is not declared.")                                           \
    X(UNKNOWN_TOUCHPOINT, 422, "The touchpoint is not declared.")                               \
    X(UNKNOWN_STORE, 422, "The store is not declared.")                                         \
    X(UNKNOWN_ASSOCIATE, 422, "The associate is not declared.")                                 \
    X(UNKNOWN_PRODUCT, 422, "The product is not declared.")                                     \
    X(UNKNOWN_ATTRIBUTE, 422, "The attribute is not declared with a purpose and a benefit.")    \
    X(UNKNOWN_PURPOSE, 422, "The purpose is not declared.")                                     \
    X(UNKNOWN_SCHEME, 422, "The tier scheme is not declared.")                                  \
    X(UNKNOWN_CURRENCY, 422, "The currency is not the tenant's.")                               \
    X(UNKNOWN_MEMBER, 404, "No person has this id or identifier.")                              \
    X(UNKNOWN_ORDER, 404, "There is no such order.")                                            \
    X(UNKNOWN_HOLD, 404, "There is no such hold, or it has ended.")                             \
    X(UNKNOWN_TRANSFER, 404, "There is no such transfer.")                                      \
    X(DISABLED, 422, "The tenant has not switched this on.")                                    \
    X(NO_IDENTIFIER, 422, "No usable identifier was given.")                                    \
    X(IDENTIFIER_BLOCKED, 422, "The identifier's value is blocked.")                            \
    X(ERASED, 410, "This person was erased.")                                                   \
    X(NOT_ENROLLED, 422, "The person is not a member.")                                         \
    X(ALREADY_ENROLLED, 409, "The person is a member already.")                                 \
    X(FROZEN, 409, "The person's identifiers are frozen and wait for a review.")                \
    X(IDENTITY_CONFLICT, 409, "This would give one person two values of a unique identifier.")  \
    X(NOT_LINKED, 409, "These profiles are not joined.")                                        \
    X(CODE_TAKEN, 409, "The code belongs to another object.")                                   \
    X(ORDER_EXISTS, 409, "The order exists with other content.")                                \
    X(ORDER_CLOSED, 409, "The order was cancelled.")                                            \
    X(RETURN_EXCEEDS, 422, "More is brought back than was bought.")                             \
    X(TENDERS_DIFFER, 422, "The tenders do not add up to the order's net.")                     \
    X(NET_NEGATIVE, 422, "The order's net is below zero.")                                      \
    X(AMOUNT_NOT_POSITIVE, 422, "The amount must be above zero.")                               \
    X(AMOUNT_OVERFLOW, 422, "A sum leaves the range of exact numbers.")                         \
    X(INSUFFICIENT, 422, "The balance does not suffice.")                                       \
    X(CAP_EXCEEDED, 422, "A cap of the unit refuses the amount.")                               \
    X(SAME_ACCOUNT, 422, "Source and target are the same account.")                             \
    X(UNIT_MISMATCH, 422, "The amounts are in different units.")                                \
    X(HOLD_ENDED, 409, "The hold was posted, voided or timed out.")                             \
    X(HOLD_EXCEEDED, 422, "More is posted than was held.")                                      \
    X(ALREADY_REVERSED, 409, "The transfer was reversed before.")                               \
    X(NOT_REVERSIBLE, 409, "This kind of transfer cannot be reversed alone.")                   \
    X(REASON_REQUIRED, 422, "A manual change needs a reason.")                                  \
    X(TIME_IN_FUTURE, 422, "The time is more than a day ahead of the server's clock.")          \
    X(TIME_TOO_OLD, 422, "The time is before what the tenant still accepts.")                   \
    X(TOO_MANY, 422, "A bound on the number of entries would be passed.")                       \
    X(TOO_LARGE, 422, "The command's events would pass their bound; send less at once.")        \
    X(INVALID, 422, "A field's value is not valid.")                                            \
    X(EXPRESSION, 422, "The expression does not compile.")                                      \
    X(VERSION_CONFLICT, 409, "The object was changed in between.")                              \
    X(CONSENT_OLDER, 409, "A newer record of this consent stands.")                             \
    X(PROOF_REQUIRED, 422, "Raising a consent by import needs a proof newer than the denial.")  \
    X(KEY_REVOKED, 409, "The key is revoked.")                                                  \
    X(BUSY, 503, "The work waits for an earlier job of the same kind.")                         \
    X(UNKNOWN_CODE, 404, "No such code is in force.")                                           \
    X(CODE_VOID, 409, "The code is void.")                                                      \
    X(CODE_FROZEN, 409, "The code is frozen.")                                                  \
    X(CODE_BOUND, 409, "A code of the range is bound already.")                                 \
    X(CODE_NOT_BOUND, 409, "A code of the range is not bound yet.")                             \
    X(CODE_PACKED, 409, "A code is packed already.")                                            \
    X(CODE_NOT_PACKED, 409, "The code is not packed, or has nothing in it.")                    \
    X(CODE_SCANNED, 409, "The code was scanned.")                                               \
    X(CODE_NOT_SCANNED, 409, "The code was not scanned yet.")                                   \
    X(CODE_REDEEMED, 409, "The code was redeemed before.")                                      \
    X(SCAN_LIMITED, 429, "Too many wrong codes; try again within the hour.")                    \
    X(UNKNOWN_CAMPAIGN, 422, "There is no such campaign.")                                      \
    X(UNKNOWN_COUPON, 404, "The member has no such coupon that could be used.")                 \
    X(CAMPAIGN_STATE, 409, "The campaign's state does not allow this.")                         \
    X(CAMPAIGN_FINDINGS, 422, "The campaign's check has findings that nobody acknowledged.")    \
    X(OUT_OF_STOCK, 409, "Nothing is left of the stock.")                                       \
    X(NOT_OPEN, 409, "It is not open at this time.")                                            \
    X(NOT_GIVABLE, 409, "This coupon may not be given away.")                                   \
    X(QUOTE_CHANGED, 409, "The price is no longer what was quoted; quote again.")               \
    X(UNKNOWN_BASKET, 404, "There is no such open basket, or it has ended.")                    \
    X(UNKNOWN_OFFER, 422, "There is no such offer.")                                            \
    X(UNKNOWN_PRICE, 422, "The product has no list price and none was given.")                  \
    X(UNKNOWN_GAME, 404, "There is no such game.")                                              \
    X(UNKNOWN_CHANNEL, 422, "The channel is not declared.")                                     \
    X(UNKNOWN_PACKET, 404, "There is no such packet.")                                          \
    X(CHANNEL_FORBIDS, 422, "The channel's rules forbid this.")                                 \
    X(GAME_CLOSED, 409, "The game is not open.")                                                \
    X(GAME_OPENED, 409, "The rules were published; they stay as they are.")                     \
    X(NOT_ELIGIBLE, 422, "It is not for this member.")                                          \
    X(PLAY_LIMIT, 409, "The member has done this as often as the rules allow.")                 \
    X(ALREADY_DONE, 409, "It is done: the day is filled, all was shown.")                       \
    X(PACKET_CLOSED, 409, "The packet's time is over.")                                         \
    X(PACKET_EMPTY, 409, "Nothing is left in the packet.")                                      \
    X(UNKNOWN_GOODS, 404, "There are no such goods in the mall.")                               \
    X(UNKNOWN_EXCHANGE, 404, "There is no such exchange.")                                      \
    X(EXCHANGE_STATE, 409, "The exchange's state does not allow this.")                         \
    X(ISSUE_STARTED, 409, "The run was started with other content; it stands as it was.")       \
    X(UNKNOWN_GIFT, 404, "There is no such gift.")                                              \
    X(CARD_SOLD, 409, "The card was sold before.")                                              \
    X(CARD_STATE, 409, "The card's state does not allow this.")                                 \
    X(REST_TOO_LARGE, 422, "More is left on the card than is paid out.")                        \
    X(UNKNOWN_REQUEST, 404, "There is no such request.")                                        \
    X(REQUEST_CLOSED, 409, "The request was decided, or its time is over.")                     \
    X(OWN_REQUEST, 403, "A request is approved by another person than who asked.")

enum tb_code {
#define TB_CODE_ENUM(name, status, text) TB_CODE_##name,
    TB_CODES(TB_CODE_ENUM)
#undef TB_CODE_ENUM
    TB_CODE_COUNT
};

/* "insufficient" */
const char *tb_code_name(enum tb_code code);
int tb_code_status(enum tb_code code);
const char *tb_code_text(enum tb_code code);

#endif
