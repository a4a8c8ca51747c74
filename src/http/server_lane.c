// SPDX-License-Identifier: Apache-2.0
/* http/server_lane.c - the fair queue where requests are read: one tenant's flood leaves room for others.
 *
 * The cell shares its time between tenants, but what an IO thread does for a request - reading JSON, making
 * identifiers, writing the reply - comes before and after it. Without a bound, a quiet tenant's request waits
 * until everything that one tenant's hundreds of connections sent has been read.
 * Invariant   running <= TB_HTTP_LANE_MOST in a lane with parked requests, after tb_http_lanes_start; a lane
 *             stands in io->lanes_waiting exactly while it has parked requests; they start in their order.
 * Not here    how a request waits (server_mhd.c): a parked one waits as one that the handler has.            */
#include "http/server_int.h"

static struct lane *lane_of(const struct req *r)
{
    return &r->pub.io->lane[r->pub.lane % TB_HTTP_LANES];
}

/* Counts r; true when requests of several lanes come to this thread. */
static bool shared(struct tb_http_io *io, struct lane *lane)
{
    io->lane_seen++;
    if (io->lane_last != NULL && io->lane_last != lane)
        io->lane_changed = io->lane_seen;
    io->lane_last = lane;
    return io->lane_changed != 0 && io->lane_seen - io->lane_changed < TB_HTTP_LANE_MEMORY;
}

static void run(struct lane *lane, struct req *r)
{
    lane->running++;
    r->in_lane = true;
}

static void park(struct tb_http_io *io, struct lane *lane, struct req *r)
{
    r->parked = true;
    r->next_in_lane = NULL;
    if (lane->first != NULL) {
        lane->last->next_in_lane = r;
    } else {
        lane->first = r;
        lane->next = io->lanes_waiting;
        io->lanes_waiting = lane;
    }
    lane->last = r;
}

bool tb_http_lane_enter(struct req *r)
{
    struct tb_http_io *io = r->pub.io;
    struct lane *lane = lane_of(r);
    if (r->pub.lane == 0 || r->pub.body_kind == TB_HTTP_BODY_LINES)
        return true;
    bool several = shared(io, lane);
    if (lane->first != NULL || (several && lane->running >= TB_HTTP_LANE_MOST)) {
        park(io, lane, r); /* also behind others that wait: in their order */
        return false;
    }
    run(lane, r);
    return true;
}

void tb_http_lane_leave(struct req *r)
{
    if (!r->in_lane)
        return;
    r->in_lane = false;
    lane_of(r)->running--;
}

static void start_first(struct tb_http_io *io, struct lane *lane)
{
    const struct tb_http_handler *handler = io->h->o.handler;
    struct req *r = lane->first;
    lane->first = r->next_in_lane;
    r->parked = false;
    io->moved++;
    if (r->gone) { /* nobody waits for it, and the handler never had it: its share */
        if (handler->on_abandoned != NULL)
            handler->on_abandoned(io->h->o.user, &r->pub);
        tb_http_req_share_drop(r);
        return;
    }
    run(lane, r);
    tb_http_hand(r);
    if (!r->inline_reply)
        return;
    r->ready = true;
    if (r->suspended)
        tb_http_req_resume(r);
}

void tb_http_lanes_start(struct tb_http_io *io)
{
    struct lane **at = &io->lanes_waiting;
    while (*at != NULL) {
        struct lane *lane = *at;
        while (lane->first != NULL && lane->running < TB_HTTP_LANE_MOST)
            start_first(io, lane);
        if (lane->first == NULL)
            *at = lane->next;
        else
            at = &lane->next;
    }
}
