/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pair.pml: the pair transaction of docs/DESIGN.md section 3 as a machine that spin can walk through completely.
 *
 * Read it beside the code: install flow = src/install, boot table and ladder = src/reconcile, record = src/slot. When a
 * rule changes there, change it here first, and let `tests/model/run` say whether it still holds.
 *
 * How it is built. One process, one big loop. `step` says what the router does next; each branch of the loop is one act
 * (a commit's first copy, a selection, the begin of a flash ...), so the branch "power cut" of the same loop is a cut
 * before any act there is. What RAM holds is gone after it; the record's copies, the slots, the selector and the
 * radio stay. Everything an operator or a fault may do is another branch. MUST() names what has to be true.
 *
 * What is varied inside one run: bootloader, image (which parts, which defect, version text, counter), the operator's
 * orders, the moments of all faults. What is varied by -D:
 *
 *   START    S_SINGLE one pair / S_FALLBACK two pairs / S_SHARED two hosts on one bundle / S_FIRST radio was never ours
 *            / S_NOHOST no host slots
 *   FAULT    beside power cuts and failing flashes: F_NONE, F_COPY newest record copy lost, F_WIPE radio wiped, F_ROT
 *            stored bundle rotted, F_ROTWIPE both, F_DEAD radio dead, F_STUCK boot selector obeys no more
 *   CUTS     power cuts                  FLASH_FAILS  flashes that fail        OPS  orders of the operator
 *   WITHOUT_...                          take one rule out: the run must then find a violation
 *   WITNESS     a condition that must be reached at rest     MANUAL      an operator confirms
 *   STRICT_TEXT see RADIO_RIGHT
 *
 * Ghosts (counters that no router has) only serve MUST(). Outside the model: what docs/TESTING.md section 6 lists.
 */

#define S_SINGLE 0
#define S_FALLBACK 1
#define S_SHARED 2
#define S_FIRST 3
#define S_NOHOST 4
#define F_NONE 0
#define F_COPY 1
#define F_WIPE 2
#define F_ROT 3
#define F_ROTWIPE 4
#define F_DEAD 5
#define F_STUCK 6

#ifndef START
#define START S_SINGLE
#endif
#ifndef FAULT
#define FAULT F_NONE
#endif
#ifndef CUTS
#define CUTS 2
#endif
#ifndef FLASH_FAILS
#define FLASH_FAILS 1
#endif
#ifndef OPS
#define OPS 2
#endif

/* ---- numbers of the protocol ------------------------------------------------------------------------------------- */

#define STARTS 3 /* starts granted to a new host */
#define RETURNS 8
#ifdef WITHOUT_THREE_FAILED
#define FAILED_MAX 1
#else
#define FAILED_MAX 3
#endif
#ifdef WITHOUT_EIGHT_BEGUN
#define BEGUN_MAX 2
#else
#define BEGUN_MAX 8
#endif
#define OTHER_MAX 2 /* flashes of the other bundle, after those of the own one */

/* ---- words ------------------------------------------------------------------------------------------------------- */

#define EMPTY 0 /* states of a slot */
#define WRITING 1
#define STAGED 2
#define TRIAL 3
#define GOOD 4
#define BAD 5

#define NOTRIAL 0 /* kinds of a trial */
#define HOST 1
#define RADIO 2

#define NONE 2 /* no slot; 0 and 1 are A and B, r0 and r1 */
#define OTHER(slot) (1 - (slot))

/*
 * Images by number. 0: nothing, partial, unknown. 1 runs at the start, 2 is the older one, 3 and 4 are what an operator
 * may install (3 may have a defect), 5 is a radio's factory firmware.
 */
#define OLD 1
#define OLDER 2
#define NEW 3
#define NEXT 4
#define FACTORY 5

#define PAIR 0 /* parts of an image */
#define HOST_ONLY 1
#define RADIO_ONLY 2

#define D_NONE 0 /* defects of image NEW */
#define D_NEVER_BOOTS 1
#define D_CRASHES 2
#define D_GATE_FAILS 3
#define D_SILENT 4    /* its radio firmware never answers */
#define D_MISNAMED 5  /* ... answers with another version than the bundle states */

#define L_ONE 0 /* bootloaders: falls back after 1 start; after 2 and says so; after 2 silently; never */
#define L_TWO 1
#define L_TWO_KEEPS 2
#define L_NEVER 3

mtype:step = {
    POWER_ON, LOAD, REPAIR, TABLE, COMMIT, COMMIT_OTHER, SETTLE, SELECT_NEW, SELECT_OLD, RESTART,
    RECONCILE, FLASH_BEGIN, FLASH_END, CHECK, RIGHT, HEALTHY, GATE, CONFIRM, PROVE, PROVEN, VERDICT,
    FREE, WRITE_RCP, WROTE_RCP, WRITE_HOST, WROTE_HOST, STAGE, STAGED_NOW, ARM, SWITCH, CANCEL_SELECT,
    CANCEL_COMMIT, REST, IDLE };

mtype:status = {
    OK, SUBSTITUTE, UNMANAGED, WAITS_FOR_CONFIRM, WAITS_FOR_RESTART, DEGRADED, CANNOT_GO_BACK, UNKNOWN_HOST };

/* What must hold; the name of a broken one stands in spin's error message. Never assigned: its value fits none. */
mtype:must = {
    slot_in_use_is_not_written, no_damaged_host_is_started, one_proven_pair_is_stored, restarts_are_bounded,
    flashes_are_bounded, good_image_is_not_condemned, condemned_image_is_not_tried, nothing_below_the_floor,
    success_is_true, success_lasts, mixed_pair_is_not_confirmed, pair_is_tried_as_a_pair, no_trial_hangs,
    status_ok_is_true, selection_is_settled, ends_on_a_proven_pair, silent_radio_is_flashed, running_host_has_a_row };
hidden mtype:must violated;
#define MUST(what, cond) assert((cond) || violated == what)

/* ---- the record, twice durable and once in RAM ------------------------------------------------------------------- */

typedef HostRow {
    unsigned state : 3;
    unsigned image : 3;
    unsigned rcp : 2; /* the bundle that belongs to it */
    bit mixed
};
typedef RcpRow {
    unsigned state : 3;
    unsigned image : 3
};
typedef Record {
    HostRow host[2];
    RcpRow rcp[2];
    unsigned kind : 2; /* trial */
    bit to;
    unsigned tries : 4; /* starts left; after a verdict: returns left */
    bit paid;
    unsigned back_host : 2;
    unsigned back_rcp : 2;
    unsigned holds : 3; /* image wholly in the radio, 0: unknown */
    unsigned begun : 4;
    unsigned failed : 4;
    unsigned floor : 2;
    unsigned bad : 6; /* one bit for each image */
    unsigned success : 3 /* last result: image proven, 0: anything else */
};

Record R;       /* the running program's */
Record copy[2]; /* on storage */
bit newest;     /* which copy was written last (the sequence number) */
bit valid[2];
bit equal;      /* both copies say the same */

inline put(dst, src)
{
    dst.host[0].state = src.host[0].state; dst.host[0].image = src.host[0].image;
    dst.host[0].rcp = src.host[0].rcp;     dst.host[0].mixed = src.host[0].mixed;
    dst.host[1].state = src.host[1].state; dst.host[1].image = src.host[1].image;
    dst.host[1].rcp = src.host[1].rcp;     dst.host[1].mixed = src.host[1].mixed;
    dst.rcp[0].state = src.rcp[0].state;   dst.rcp[0].image = src.rcp[0].image;
    dst.rcp[1].state = src.rcp[1].state;   dst.rcp[1].image = src.rcp[1].image;
    dst.kind = src.kind; dst.to = src.to; dst.tries = src.tries; dst.paid = src.paid;
    dst.back_host = src.back_host; dst.back_rcp = src.back_rcp;
    dst.holds = src.holds; dst.begun = src.begun; dst.failed = src.failed;
    dst.floor = src.floor; dst.bad = src.bad; dst.success = src.success
}

/* ---- the world --------------------------------------------------------------------------------------------------- */

byte host_slot[2]; /* image wholly in the slot, 0: none or partial */
byte rcp_slot[2];
bit running;
bit selected;              /* boot selector */
bit counting;              /* selected for trial: the bootloader counts starts */
unsigned starts_left : 2;
bit stuck;                 /* the selector takes no order any more */
unsigned radio : 3;        /* image wholly in the radio, 0: torn */
unsigned says : 3;         /* the version it answers with, 0: silent; a torn one may answer as well */
bit dead;

/* The choices of a run. */
unsigned loader : 2;
unsigned defect : 3;
unsigned parts_new : 2;
unsigned parts_next : 2;
bit same_text; /* all images carry the same version text */
bit rising;    /* each image has a higher security counter than the one before */
bit manual;    /* an operator confirms */

/* Budgets. */
unsigned cuts : 3;
unsigned flash_fails : 2;
unsigned ops : 3;
unsigned faults : 1;

/* The program at work. */
mtype:step step = POWER_ON;
mtype:step after;        /* where it goes on when the commit is done */
mtype:status status;
unsigned job : 3;        /* image being installed */
unsigned pause_at : 2;   /* 1: stop when staged, 2: stop before the restart */
bit source;              /* RCP slot that is flashed from */

/* Ghosts. */
unsigned restarts : 5;   /* since the last fault or order */
unsigned flashes : 5;    /* likewise */
unsigned unproven : 5;   /* flashes begun since proof, arming, verdict */
unsigned charged : 3;    /* power cuts and orders to restart */
unsigned on_trial : 2;   /* the bundle that was put on trial */

/* Scratch, only within one act: a row's bundle, the other RCP slot, a host slot, an image. */
hidden byte bundle, spare, aside, who;

#define TEXT(image) (same_text -> 1 : (image))
#define SAYS(image) ((image) == NEW && defect == D_SILENT -> 0 : \
    ((image) == NEW && defect == D_MISNAMED -> 7 : TEXT(image)))
#define COUNTER(image) (!rising -> 1 : ((image) == OLDER || (image) == 0 -> 0 : ((image) == OLD -> 1 : (image) - 1)))
#define PARTS(image) ((image) == NEW -> parts_new : ((image) == NEXT -> parts_next : PAIR))
#define GRANTED (loader == L_ONE || loader == L_NEVER -> 1 : 2)
#define BIT(image) (1 << (image))
#define IS_BAD(image) ((R.bad & BIT(image)) != 0)
#define IS_SOUND(image) ((image) != NEW || defect == D_NONE)
#define ROW R.host[running]
#define MAX(a, b) ((a) > (b) -> (a) : (b))

/* The host slot that the next start boots, the bootloader's own fallback included. */
#define NEXT_START (counting && loader != L_NEVER && starts_left == 0 -> OTHER(selected) : selected)

#define HOST_WHOLE(h) (R.host[h].image != 0 && host_slot[h] == R.host[h].image)
#define RCP_WHOLE(r) (R.rcp[r].image != 0 && rcp_slot[r] == R.rcp[r].image)
#define RCP_STORED(r) (RCP_WHOLE(r) && R.rcp[r].state >= STAGED)
#define RADIO_IS(r) (radio == R.rcp[r].image && says != 0)

/*
 * Three things must agree: the record says that it wholly holds the bundle, it answers, and by the bundle's name. One
 * that goes by another name is asked for its digests, and is right when they are (-DSTRICT_TEXT: never).
 */
#ifdef STRICT_TEXT
#define ANSWERS_AS(r) (says == TEXT(R.rcp[r].image))
#else
#define ANSWERS_AS(r) (says == TEXT(R.rcp[r].image) || (says != 0 && radio == R.rcp[r].image))
#endif
#ifdef WITHOUT_HOLDS
#define RADIO_RIGHT(r) (says == TEXT(R.rcp[r].image))
#else
#define RADIO_RIGHT(r) (R.holds == R.rcp[r].image && ANSWERS_AS(r))
#endif

/* Does every part of the image run already? */
#define RUNS(image_id) ((!TAKES_HOST(image_id) || ROW.image == image_id) && \
    (!TAKES_RCP(image_id) || (ROW.rcp != NONE && R.rcp[ROW.rcp].image == image_id)))

/* Conditions that are rules. */
#ifdef WITHOUT_BAD_LIST
#define REFUSED(image) 0
#else
#define REFUSED(image) IS_BAD(image)
#endif
#ifdef WITHOUT_FLOOR_AT_APPLY
#define LOW_AT_APPLY(image) 0
#else
#define LOW_AT_APPLY(image) (COUNTER(image) < R.floor)
#endif
#ifdef WITHOUT_FLOOR_AT_ROLLBACK
#define LOW_AT_ROLLBACK(image) 0
#else
#define LOW_AT_ROLLBACK(image) (COUNTER(image) < R.floor)
#endif
#ifdef WITHOUT_REFUSAL_IN_TRIAL
#define MAY_INSTALL 1
#else
#define MAY_INSTALL (R.kind == NOTRIAL && NEXT_START == running)
#endif
/* A host alone, with a radio that was never ours and is silent already: its trial would fail, whatever the host is. */
#ifdef WITHOUT_RADIO_TO_JUDGE_BY
#define NO_RADIO_TO_JUDGE_BY(r) 0
#else
#define NO_RADIO_TO_JUDGE_BY(r) ((r) == NONE && says == 0)
#endif
#ifdef WITHOUT_OWN_BUNDLE_IN_TRIAL
#define OTHER_ALLOWED 1
#else
#define OTHER_ALLOWED (R.kind == NOTRIAL)
#endif
#ifdef WITHOUT_OTHER_BOUND
#define OTHER_FAILED_MAX 15
#else
#define OTHER_FAILED_MAX (FAILED_MAX + OTHER_MAX)
#endif

/* ---- invariants that are looked at more than once ---------------------------------------------------------------- */

/* Stored, tried before, and nothing is wrong with its radio firmware. */
#define COULD_ANSWER(r) (RCP_STORED(r) && R.rcp[r].state != STAGED && \
    (R.rcp[r].image != NEW || (defect != D_SILENT && defect != D_MISNAMED)))

#define PROVEN_ROW(h) (R.host[h].state == GOOD && HOST_WHOLE(h) && \
    (R.host[h].rcp == NONE || (RCP_WHOLE(R.host[h].rcp) && R.rcp[R.host[h].rcp].state == GOOD)))
/* Of a radio trial: the bundle to go back to. */
#define PROVEN_BACK (R.kind == RADIO && HOST_WHOLE(R.to) && \
    (R.back_rcp == NONE || (RCP_WHOLE(R.back_rcp) && R.rcp[R.back_rcp].state == GOOD)))

inline check_pair_stored()
{
    if
    :: FAULT == F_ROT && faults == 0 -> skip /* one fault took the very bundle: nothing to promise */
    :: else -> MUST(one_proven_pair_is_stored, PROVEN_ROW(0) || PROVEN_ROW(1) || PROVEN_BACK)
    fi
}

/* A trial whose bundle was proven before. */
#define IS_ROLLBACK (R.kind == HOST && R.host[R.to].rcp != NONE && R.host[R.to].rcp != R.back_rcp && \
    R.rcp[R.host[R.to].rcp].state == GOOD)

#define NAMED_BY(h, r) (R.host[h].rcp == (r) && (R.host[h].state == GOOD || R.host[h].state == TRIAL))

inline check_rcp_is_free(r)
{
    MUST(slot_in_use_is_not_written, ROW.rcp != r && !NAMED_BY(0, r) && !NAMED_BY(1, r) && R.back_rcp != r)
}
inline check_host_is_free(h)
{
    MUST(slot_in_use_is_not_written, h != running && h != NEXT_START && R.back_host != h &&
                                     R.host[h].state != GOOD && R.host[h].state != TRIAL)
}

/* ---- small acts -------------------------------------------------------------------------------------------------- */

inline commit_then(next) { after = next; step = COMMIT }

inline select_slot(slot, for_trial)
{
    if
    :: stuck -> skip
    :: else -> selected = slot; counting = for_trial; starts_left = (for_trial && loader != L_NEVER -> GRANTED : 0)
    fi
}

inline calm() { restarts = 0; flashes = 0 }

inline lose_power()
{
    cuts--;
    charged++;
    calm();
    put(R, copy[newest]); /* what was not committed is gone */
    forget()
}
inline forget()
{
    step = POWER_ON; after = POWER_ON; status = OK;
    job = 0; pause_at = 0; source = 0
}

inline restart()
{
    restarts++;
    MUST(restarts_are_bounded, restarts <= STARTS * (GRANTED + 1) + (stuck -> RETURNS : 0));
    forget()
}

inline rest(what) { status = what; step = REST }

inline drop_host(h, what) { R.host[h].state = what; R.host[h].image = 0; R.host[h].rcp = NONE; R.host[h].mixed = 0 }
inline clear_trial(returns) { R.kind = NOTRIAL; R.to = 0; R.paid = 0; R.tries = returns }
inline clear_back() { R.back_host = NONE; R.back_rcp = NONE }
inline clear_counts() { R.begun = 0; R.failed = 0; unproven = 0 }

/* A bundle goes down with its host, unless a proven host needs it. */
inline condemn_bundle(r)
{
    if
    :: r != NONE && !(R.host[0].rcp == r && R.host[0].state == GOOD) &&
       !(R.host[1].rcp == r && R.host[1].state == GOOD) -> R.rcp[r].state = BAD
    :: else -> skip
    fi
}

/* The verdict, as one commit. by_order: the operator wants it. */
inline edit_verdict(by_order)
{
    if
    :: R.kind == HOST ->
       bundle = R.host[R.to].rcp;
       who = R.host[R.to].image;
       R.host[R.to].state = BAD;
       condemn_bundle(bundle);
       clear_trial(RETURNS)
    :: else ->
       bundle = R.host[R.to].rcp;
       who = R.rcp[bundle].image;
       R.host[R.to].rcp = R.back_rcp;
       condemn_bundle(bundle);
       clear_trial(0)
    fi;
    MUST(good_image_is_not_condemned,
         by_order || !IS_SOUND(who) || charged >= STARTS || FLASH_FAILS >= 3 || dead || stuck || FAULT == F_ROT ||
         (FAULT == F_WIPE && START == S_FIRST));
    R.bad = R.bad | BIT(who);
    R.success = 0;
    clear_back();
#ifndef WITHOUT_RESET_AT_VERDICT
    clear_counts()
#else
    unproven = 0
#endif
}

/* The targets of an install: the host slot that does not run, the bundle that the running row does not name. */
inline find_targets()
{
    aside = OTHER(running);
    if
    :: ROW.rcp != NONE -> spare = OTHER(ROW.rcp)
    :: ROW.rcp == NONE && R.holds != 0 && R.holds == R.rcp[1].image -> spare = 0
    :: else -> spare = 1
    fi
}

#define TAKES_HOST(image) (START != S_NOHOST && PARTS(image) != RADIO_ONLY)
#define TAKES_RCP(image) (PARTS(image) != HOST_ONLY)

/* The status of a router without a trial: the radio is asked. */
inline rest_asking()
{
    if
    :: ROW.rcp == NONE && says != 0 -> rest(UNMANAGED)
    :: ROW.rcp != NONE && RADIO_RIGHT(ROW.rcp) && ROW.mixed -> rest(SUBSTITUTE)
    :: (ROW.rcp == NONE && says == 0) || (ROW.rcp != NONE && !RADIO_RIGHT(ROW.rcp)) -> rest(DEGRADED)
    :: else -> rest(OK)
    fi
}

/* A flash of what RCP slot r holds, announced. */
inline announce_flash(r)
{
    source = r;
    R.holds = 0;
    R.begun++;
    flashes++;
    unproven++;
    MUST(flashes_are_bounded, flashes <= 8 && unproven <= 8 + OTHER_MAX);
    commit_then(FLASH_BEGIN)
}

/* ---- the first state --------------------------------------------------------------------------------------------- */

inline set_host(h, im, r)
{
    R.host[h].state = GOOD; R.host[h].image = im; R.host[h].rcp = r; host_slot[h] = im
}
inline set_rcp(r, im)
{
    R.rcp[r].state = GOOD; R.rcp[r].image = im; rcp_slot[r] = im
}

inline choose_run()
{
    if :: same_text = 0; rising = 1 :: same_text = 1; rising = 0 fi; /* the two that differ most */
    if :: START != S_NOHOST -> loader = L_ONE :: START != S_NOHOST -> loader = L_TWO
       :: START != S_NOHOST -> loader = L_TWO_KEEPS :: loader = L_NEVER fi;
    if :: START != S_NOHOST -> parts_new = PAIR :: START != S_NOHOST -> parts_new = HOST_ONLY
       :: parts_new = RADIO_ONLY fi;
    if :: START != S_NOHOST -> parts_next = PAIR :: START != S_NOHOST && OPS > 1 -> parts_next = HOST_ONLY
       :: parts_next = RADIO_ONLY fi;
    if
    :: defect = D_NONE
    :: loader != L_NEVER && parts_new != RADIO_ONLY -> defect = D_NEVER_BOOTS /* nobody would ever fall back */
    :: parts_new != RADIO_ONLY -> defect = D_CRASHES
    :: defect = D_GATE_FAILS
    :: parts_new != HOST_ONLY -> defect = D_SILENT
    :: parts_new != HOST_ONLY -> defect = D_MISNAMED
    fi;
#ifdef MANUAL
    manual = 1;
#endif
    cuts = CUTS; flash_fails = FLASH_FAILS; ops = OPS; faults = (FAULT != F_NONE -> 1 : 0)
}

inline first_state()
{
    R.floor = 1;
    R.host[0].rcp = NONE;
    R.host[1].rcp = NONE;
    clear_back();
    set_host(0, OLD, (START == S_FIRST -> NONE : 0));
    if
    :: START == S_FIRST -> radio = FACTORY
    :: else -> set_rcp(0, OLD); radio = OLD; R.holds = OLD
    fi;
    if
    :: START == S_FALLBACK -> set_rcp(1, OLDER); set_host(1, OLDER, 1); R.back_host = 1; R.back_rcp = 1
    :: START == S_SHARED -> set_host(1, OLDER, 0); R.back_host = 1; R.back_rcp = 0
    :: START == S_NOHOST -> set_rcp(1, OLDER); R.back_host = 0; R.back_rcp = 1
    :: else -> skip
    fi;
    says = TEXT(radio);
    put(copy[0], R);
    put(copy[1], R);
    valid[0] = 1; valid[1] = 1; equal = 1
}

active proctype router()
{
    atomic { choose_run(); d_step { first_state(); after = POWER_ON; status = OK } }

    do
    /* ==== power cuts ============================================================================================== */

    :: d_step { cuts > 0 && step != POWER_ON -> lose_power() }
    /* In the middle of a write to a copy of the record. */
    :: d_step { cuts > 0 && step == COMMIT -> valid[OTHER(newest)] = 0; equal = 0; lose_power() }
    :: d_step { cuts > 0 && (step == COMMIT_OTHER || step == REPAIR) -> valid[OTHER(newest)] = 0; lose_power() }

    /* ==== other faults, once ====================================================================================== */

    :: d_step { FAULT == F_COPY && faults > 0 && step == POWER_ON && valid[0] && valid[1] ->
                faults = 0; calm(); valid[newest] = 0; newest = OTHER(newest); equal = 0 }
    :: d_step { FAULT == F_WIPE && faults > 0 && step == POWER_ON -> faults = 0; calm(); radio = 0; says = 0 }
    :: d_step { FAULT == F_ROT && faults > 0 && step == POWER_ON -> faults = 0; calm(); rcp_slot[0] = 0 }
    :: d_step { FAULT == F_ROT && faults > 0 && step == POWER_ON -> faults = 0; calm(); rcp_slot[1] = 0 }
    :: d_step { FAULT == F_ROTWIPE && faults > 0 && step == POWER_ON && R.kind == NOTRIAL && R.host[1].rcp == 1 &&
                PROVEN_ROW(0) && PROVEN_ROW(1) && COUNTER(R.rcp[1].image) >= R.floor ->
                faults = 0; calm(); radio = 0; says = 0; rcp_slot[0] = 0 }
    :: d_step { FAULT == F_DEAD && faults > 0 && (step == POWER_ON || step == RECONCILE || step == FLASH_END) ->
                faults = 0; calm(); dead = 1; radio = 0; says = 0 }
    :: d_step { FAULT == F_STUCK && faults > 0 && (step == SWITCH || step == CONFIRM || step == SELECT_OLD ||
                step == POWER_ON) ->
                faults = 0; calm(); stuck = 1 }

    /* ==== a commit ================================================================================================ */

    /* The older copy first: from here on the new record is what a start finds. */
    :: d_step { step == COMMIT ->
                newest = OTHER(newest);
                put(copy[newest], R); valid[newest] = 1; equal = 0;
#ifndef WITHOUT_SECOND_COPY
                step = COMMIT_OTHER
#else
                step = after; after = POWER_ON
#endif
              }
    /* Then the other, so that losing one copy never means a step back. Only now the announced effect may begin. */
    :: d_step { step == COMMIT_OTHER ->
                put(copy[OTHER(newest)], R); valid[OTHER(newest)] = 1; equal = 1;
                step = after; after = POWER_ON }

    /* ==== start of the machine ==================================================================================== */

    :: d_step { step == POWER_ON ->
                running = NEXT_START;
                if
                :: counting && loader != L_NEVER && starts_left > 0 -> starts_left--
                :: counting && loader != L_NEVER && starts_left == 0 && loader != L_TWO_KEEPS ->
                   selected = running; counting = 0 /* it fell back, and says so in its selection */
                :: else -> skip
                fi;
                MUST(no_damaged_host_is_started, host_slot[running] != 0);
                if
                :: host_slot[running] == NEW && defect == D_NEVER_BOOTS -> restart()
                :: else -> step = LOAD
                fi }
    :: d_step { step == LOAD ->
                if :: !valid[newest] -> newest = OTHER(newest) :: else -> skip fi;
                put(R, copy[newest]);
#ifdef WITHOUT_DURABLE_COUNTS
                R.begun = 0; R.failed = 0;
#endif
                check_pair_stored();
                if
#ifndef WITHOUT_SECOND_COPY
                :: !equal || !valid[OTHER(newest)] -> step = REPAIR
#endif
                :: else -> step = TABLE
                fi }
    :: d_step { step == REPAIR ->
                put(copy[OTHER(newest)], R); valid[OTHER(newest)] = 1; equal = 1; step = TABLE }

    /* ==== boot table: the first row that fits ===================================================================== */

    :: d_step { step == TABLE ->
                if
                /* a host is on trial, and it runs */
                :: R.kind == HOST && running == R.to ->
                   if
#ifndef WITHOUT_PAID
                   :: R.paid -> R.paid = 0; commit_then(RECONCILE)
                   :: !R.paid && R.tries > 0 -> R.tries--; commit_then(RECONCILE)
                   :: !R.paid && R.tries == 0 -> step = VERDICT
#else
                   :: R.tries > 0 -> R.tries--; commit_then(RECONCILE)
                   :: R.tries == 0 -> step = VERDICT
#endif
                   fi
                /* a host is on trial, and the other one runs: never switched, or fallen back; it need not know which */
                :: R.kind == HOST && running != R.to ->
#ifdef WITHOUT_CHARGE_BUT_FREE
                   R.paid = 1; commit_then(SELECT_NEW)
#else
#ifdef WITHOUT_CHARGE_BUT_VERDICT
                   step = VERDICT
#else
#ifdef WITHOUT_CHARGE_BUT_IGNORE
                   step = RECONCILE
#else
                   if
                   :: R.tries > 0 -> R.tries--; R.paid = 1; commit_then(SELECT_NEW)
                   :: else -> step = VERDICT
                   fi
#endif
#endif
#endif
                /* a bundle is on trial */
                :: R.kind == RADIO ->
                   if
                   :: running == R.to && R.tries > 0 -> R.tries--; commit_then(RECONCILE)
                   :: else -> step = VERDICT
                   fi
                /* no trial */
                :: R.kind == NOTRIAL && ROW.state == GOOD -> step = SETTLE
#ifndef WITHOUT_STAGED_BECOMES_TRIAL
                :: R.kind == NOTRIAL && ROW.state == STAGED -> /* somebody selected it by hand */
                   ROW.state = TRIAL;
                   if :: ROW.rcp != NONE && R.rcp[ROW.rcp].state == STAGED -> R.rcp[ROW.rcp].state = TRIAL
                      :: else -> skip fi;
                   R.kind = HOST; R.to = running; R.tries = STARTS - 1; R.paid = 0; on_trial = ROW.rcp;
                   clear_back();
                   if :: R.host[OTHER(running)].state == GOOD ->
                         R.back_host = OTHER(running); R.back_rcp = R.host[OTHER(running)].rcp
                      :: else -> skip fi;
                   clear_counts();
                   commit_then(RECONCILE)
#endif
                :: R.kind == NOTRIAL && ROW.state == BAD ->
                   if
#ifndef WITHOUT_BAD_GOES_BACK
#ifdef WITHOUT_RETURN_BOUND
                   :: R.host[OTHER(running)].state == GOOD -> step = SELECT_OLD
#else
                   :: R.host[OTHER(running)].state == GOOD && R.tries > 0 -> R.tries--; commit_then(SELECT_OLD)
#endif
#endif
                   :: else -> rest(CANNOT_GO_BACK)
                   fi
                :: else -> rest(UNKNOWN_HOST)
                fi }

    /* Whatever the bootloader had in mind: the proven host that runs is the one to start next. */
    :: d_step { step == SETTLE ->
#ifndef WITHOUT_SETTLE
                if :: NEXT_START != running || counting -> select_slot(running, 0) :: else -> skip fi;
#endif
                step = RECONCILE }
    :: d_step { step == SELECT_NEW -> select_slot(R.to, 1); step = RESTART }
    :: d_step { step == SELECT_OLD -> select_slot(OTHER(running), 0); step = RESTART }
    :: d_step { step == RESTART -> restart() }

    /* ==== reconcile: the radio runs the bundle of the running host ================================================ */

    :: d_step { step == RECONCILE ->
                bundle = ROW.rcp;
                if
                :: bundle == NONE && says != 0 -> step = RIGHT /* never ours: whatever answers will do */
                :: bundle == NONE && says == 0 ->
                   /* silent: what is stored is better than nothing, whatever became of it; the newest first */
                   spare = (RCP_STORED(0) && (!RCP_STORED(1) ||
                            COUNTER(R.rcp[0].image) >= COUNTER(R.rcp[1].image)) -> 0 : 1);
                   if
#ifndef WITHOUT_ANY_BUNDLE
                   :: RCP_STORED(spare) && R.failed < FAILED_MAX && R.begun < BEGUN_MAX -> announce_flash(spare)
#ifndef WITHOUT_SECOND_BUNDLE
                   :: !(RCP_STORED(spare) && R.failed < FAILED_MAX && R.begun < BEGUN_MAX) &&
                      RCP_STORED(OTHER(spare)) && R.failed < OTHER_FAILED_MAX &&
                      R.begun < BEGUN_MAX + OTHER_MAX -> announce_flash(OTHER(spare))
#endif
#endif
                   :: else -> if :: R.kind != NOTRIAL -> step = VERDICT :: else -> rest(DEGRADED) fi
                   fi
                :: bundle != NONE && RADIO_RIGHT(bundle) -> step = RIGHT
                :: bundle != NONE && !RADIO_RIGHT(bundle) && R.holds == 0 && says != 0 && RCP_WHOLE(bundle) &&
                   radio == R.rcp[bundle].image -> /* its digests are the bundle's: no flash */
                   R.holds = R.rcp[bundle].image; source = bundle; commit_then(CHECK)
                :: else -> /* flash it, else another */
                   spare = OTHER(bundle);
                   if
                   :: RCP_WHOLE(bundle) && R.failed < FAILED_MAX && R.begun < BEGUN_MAX -> announce_flash(bundle)
                   :: else ->
                      if
                      :: OTHER_ALLOWED && RCP_WHOLE(spare) && R.rcp[spare].state == GOOD &&
                         COUNTER(R.rcp[spare].image) >= R.floor && R.begun < BEGUN_MAX + OTHER_MAX &&
                         R.failed < OTHER_FAILED_MAX -> announce_flash(spare)
                      :: else -> if :: R.kind != NOTRIAL -> step = VERDICT :: else -> rest(DEGRADED) fi
                      fi
                   fi
                fi }

    /* From here until the end it is torn: silent, or answering as it did, or as it is going to. */
    :: atomic { step == FLASH_BEGIN ->
                if :: says != 0 && !dead -> skip
                   :: !dead && says != TEXT(R.rcp[source].image) -> says = TEXT(R.rcp[source].image)
                   :: says = 0 fi;
                radio = 0;
                step = FLASH_END }
    :: d_step { step == FLASH_END && !dead -> /* every region's digest is right */
                radio = rcp_slot[source];
                says = SAYS(radio);
                R.holds = R.rcp[source].image;
                commit_then(CHECK) }
    :: d_step { step == FLASH_END && (dead || flash_fails > 0) ->
                if :: !dead -> flash_fails--; calm() :: else -> skip fi;
                R.failed++;
                commit_then(RECONCILE) }
    :: d_step { step == CHECK ->
                bundle = ROW.rcp;
                if
                :: bundle == NONE && says != 0 -> step = RIGHT
                :: bundle != NONE && RADIO_RIGHT(source) ->
                   if
                   :: source == bundle -> step = RIGHT
                   :: else -> /* the row follows, so that an install overwrites the failing bundle */
                      R.success = 0;
#ifndef WITHOUT_ROW_FOLLOWS
                      ROW.rcp = source; ROW.mixed = 1;
                      clear_counts();
                      commit_then(RIGHT)
#else
                      clear_counts();
                      status = SUBSTITUTE;
                      commit_then(REST)
#endif
                   fi
                :: else -> R.failed++; commit_then(RECONCILE)
                fi;
                source = 0 }
    :: d_step { step == RIGHT ->
                if
                :: R.kind == NOTRIAL && (R.begun != 0 || R.failed != 0) -> clear_counts(); commit_then(HEALTHY)
                :: else -> step = HEALTHY
                fi }
    :: d_step { step == HEALTHY ->
                if :: R.kind != NOTRIAL && running == R.to -> step = GATE :: else -> rest_asking() fi }

    /* ==== the end of a trial ====================================================================================== */

    :: d_step { step == GATE ->
                bundle = ROW.rcp;
                if
                :: defect == D_CRASHES && host_slot[running] == NEW -> step = RESTART
                :: defect == D_GATE_FAILS && R.kind == HOST && host_slot[running] == NEW ->
                   if :: R.tries > 0 -> step = RESTART :: else -> step = VERDICT fi
                :: defect == D_GATE_FAILS && R.kind == RADIO && R.rcp[bundle].image == NEW -> step = VERDICT
                :: else -> if :: manual -> rest(WAITS_FOR_CONFIRM) :: else -> step = CONFIRM fi
                fi }
#ifndef WITHOUT_CONFIRM_BEFORE_GOOD
    /* The bootloader first: a host that is recorded as proven must not be taken away by a counter. */
    :: d_step { step == CONFIRM ->
                if :: R.kind == HOST -> select_slot(running, 0) :: else -> skip fi;
                if
                :: R.kind == HOST && (NEXT_START != running || counting) -> /* read back: it was not taken */
                   if :: R.tries > 0 -> step = RESTART :: else -> step = VERDICT fi
                :: else -> step = PROVE
                fi }
#else
    :: d_step { step == CONFIRM -> step = PROVE }
#endif
    :: d_step { step == PROVE ->
                bundle = ROW.rcp;
                MUST(mixed_pair_is_not_confirmed, bundle == on_trial);
                who = (R.kind == HOST || bundle == NONE -> ROW.image : R.rcp[bundle].image);
                ROW.state = GOOD;
                if :: bundle != NONE -> R.rcp[bundle].state = GOOD :: else -> skip fi;
                R.floor = MAX(R.floor, COUNTER(who));
                R.success = who;
                clear_trial(0);
                clear_counts();
                commit_then(PROVEN) }
    :: d_step { step == PROVEN ->
                bundle = ROW.rcp;
                MUST(success_is_true, HOST_WHOLE(running) && says != 0 && (bundle == NONE || RADIO_IS(bundle)) &&
                                      (R.success != NEW || defect == D_NONE || defect == D_MISNAMED));
#ifdef WITHOUT_CONFIRM_BEFORE_GOOD
                select_slot(running, 0);
#endif
                rest_asking() }

    /* Recorded first, then gone back: whatever starts next knows that it is refused. */
    :: d_step { step == VERDICT ->
                aside = (R.kind == HOST && running == R.to);
                who = R.kind;
                after = (aside -> SELECT_OLD : (R.kind == HOST -> SETTLE : RECONCILE));
                edit_verdict(0);
                step = COMMIT }

    /* ==== install ================================================================================================= */

    /* Nothing is written before all of this holds. */
    :: atomic { step == IDLE && ops > 0 && ROW.state == GOOD && MAY_INSTALL ->
                ops--; calm();
                if :: job = NEW :: job = NEXT fi;
                if :: skip :: pause_at = 1 :: START != S_NOHOST && PARTS(job) != RADIO_ONLY -> pause_at = 2 fi;
                if
                :: REFUSED(job) || COUNTER(job) < R.floor || RUNS(job) ||
                   (!TAKES_RCP(job) && NO_RADIO_TO_JUDGE_BY(ROW.rcp)) -> job = 0; pause_at = 0
                :: else -> step = FREE
                fi }

    /* 1: the targets are nobody's any more, durably, before the first of them is erased. */
    :: d_step { step == FREE ->
                find_targets();
#ifndef WITHOUT_FREE
                if
                :: TAKES_RCP(job) ->
                   if :: R.host[aside].rcp == spare && !TAKES_HOST(job) ->
                         R.host[aside].rcp = NONE; R.host[aside].mixed = 0;
                         if :: R.host[aside].state == GOOD || R.host[aside].state == STAGED ->
                               R.host[aside].state = EMPTY; R.host[aside].image = 0
                            :: else -> skip fi
                      :: else -> skip fi;
                   R.rcp[spare].state = WRITING; R.rcp[spare].image = 0;
                   if :: R.back_rcp == spare -> clear_back() :: else -> skip fi
                :: else -> skip
                fi;
                if
                :: TAKES_HOST(job) ->
                   /* A staged pair loses its host: its bundle alone is not what anybody signed. */
#ifndef WITHOUT_PAIR_FREED_WHOLE
                   bundle = R.host[aside].rcp;
                   if :: bundle != NONE && R.host[aside].state == STAGED && R.rcp[bundle].state == STAGED ->
                         R.rcp[bundle].state = EMPTY; R.rcp[bundle].image = 0
                      :: else -> skip fi;
#endif
                   drop_host(aside, WRITING);
                   if :: R.back_host == aside -> clear_back() :: else -> skip fi
                :: else -> skip
                fi;
                commit_then(WRITE_RCP)
#else
                step = WRITE_RCP
#endif
              }
    /* 2: partial from the first byte to the last. */
    :: d_step { step == WRITE_RCP ->
                find_targets();
                if :: TAKES_RCP(job) -> check_rcp_is_free(spare); rcp_slot[spare] = 0; step = WROTE_RCP
                   :: else -> step = WRITE_HOST fi }
    :: d_step { step == WROTE_RCP -> find_targets(); rcp_slot[spare] = job; step = WRITE_HOST }
    :: d_step { step == WRITE_HOST ->
                find_targets();
                check_pair_stored();
                if :: TAKES_HOST(job) -> check_host_is_free(aside); host_slot[aside] = 0; step = WROTE_HOST
                   :: else -> step = STAGE fi }
    :: d_step { step == WROTE_HOST -> find_targets(); host_slot[aside] = job; step = STAGE }
    /* 3 */
    :: d_step { step == STAGE ->
                find_targets();
                if :: TAKES_RCP(job) -> R.rcp[spare].state = STAGED; R.rcp[spare].image = job :: else -> skip fi;
                if :: TAKES_HOST(job) ->
                      R.host[aside].state = STAGED; R.host[aside].image = job; R.host[aside].mixed = 0;
                      R.host[aside].rcp = (TAKES_RCP(job) -> spare : ROW.rcp)
                   :: else -> skip fi;
                job = 0;
                commit_then(STAGED_NOW) }
    :: d_step { step == STAGED_NOW -> /* from now on as if `apply` was said */
                if :: pause_at == 1 -> pause_at = 0; rest_asking() :: else -> step = ARM fi }
    :: atomic { step == IDLE && ops > 0 && R.kind == NOTRIAL && NEXT_START == running && ROW.state == GOOD &&
                (R.host[OTHER(running)].state == STAGED || R.rcp[0].state == STAGED || R.rcp[1].state == STAGED) ->
                ops--; calm(); step = ARM;
                if :: skip :: R.host[OTHER(running)].state == STAGED -> pause_at = 2 fi }

    /* 4: judged once more, then the intent. Of a radio trial this commit is the switch itself. */
    :: d_step { step == ARM ->
                find_targets();
                if
                :: START != S_NOHOST && R.host[aside].state == STAGED ->
                   who = R.host[aside].image; bundle = R.host[aside].rcp;
                   if
                   :: REFUSED(who) || LOW_AT_APPLY(who) || !HOST_WHOLE(aside) ||
                      (bundle != NONE && !RCP_WHOLE(bundle)) || NO_RADIO_TO_JUDGE_BY(bundle) ->
                      pause_at = 0; rest_asking()
                   :: else ->
                      MUST(condemned_image_is_not_tried, !IS_BAD(who));
                      R.host[aside].state = TRIAL;
                      if :: bundle != NONE && R.rcp[bundle].state == STAGED -> R.rcp[bundle].state = TRIAL
                         :: else -> skip fi;
                      R.kind = HOST; R.to = aside; R.tries = STARTS - 1; R.paid = 1;
                      R.back_host = running; R.back_rcp = ROW.rcp;
                      on_trial = bundle;
                      R.success = 0;
                      clear_counts();
                      commit_then(SWITCH)
                   fi
                :: (START == S_NOHOST || R.host[aside].state != STAGED) && R.rcp[spare].state == STAGED ->
                   who = R.rcp[spare].image;
                   MUST(pair_is_tried_as_a_pair, PARTS(who) == RADIO_ONLY || START == S_NOHOST);
                   pause_at = 0;
                   if
                   :: REFUSED(who) || LOW_AT_APPLY(who) || !RCP_WHOLE(spare) -> rest_asking()
                   :: else ->
                      MUST(condemned_image_is_not_tried, !IS_BAD(who));
                      MUST(nothing_below_the_floor, COUNTER(who) >= R.floor);
                      R.rcp[spare].state = TRIAL;
                      R.kind = RADIO; R.to = running; R.tries = STARTS - 1; R.paid = 0;
                      R.back_host = running; R.back_rcp = ROW.rcp;
                      ROW.rcp = spare; ROW.mixed = 0; on_trial = spare;
                      R.success = 0;
                      clear_counts();
                      commit_then(RECONCILE)
                   fi
                :: else -> pause_at = 0; rest_asking()
                fi }
    /* 5 and 6 */
    /* The restart of a rollback may wait, too. */
    :: d_step { step == SWITCH && pause_at == 0 && ops > 0 && IS_ROLLBACK -> pause_at = 2 }
    :: d_step { step == SWITCH ->
                MUST(nothing_below_the_floor, COUNTER(R.host[R.to].image) >= R.floor);
                select_slot(R.to, 1);
                if
                :: NEXT_START != R.to -> step = CANCEL_SELECT; pause_at = 0 /* read back: it was not taken */
                :: NEXT_START == R.to && pause_at == 2 -> pause_at = 0; rest(WAITS_FOR_RESTART)
                :: else -> step = RESTART
                fi }

    /* ==== the operator's other orders ============================================================================= */

    :: d_step { step == IDLE && ops > 0 && (R.kind != NOTRIAL || status == UNKNOWN_HOST) ->
                ops--; calm(); charged++; forget() } /* restart */
    :: d_step { step == IDLE && ops > 0 && status == WAITS_FOR_CONFIRM -> ops--; calm(); step = CONFIRM }

    /* Somebody selects a staged host by other means and restarts. */
    :: d_step { step == IDLE && ops > 0 && R.kind == NOTRIAL && R.host[OTHER(running)].state == STAGED && !stuck &&
                defect != D_NEVER_BOOTS && !(R.host[OTHER(running)].rcp == NONE && says == 0) ->
                ops--; calm(); select_slot(OTHER(running), 0); forget() }

    /* Cancel: the selection first. The other order leaves a slot selected that has no row. */
    :: d_step { step == IDLE && ops > 0 && R.kind == HOST && running != R.to ->
                ops--; calm();
#ifndef WITHOUT_CANCEL_ORDER
                step = CANCEL_SELECT
#else
                step = CANCEL_COMMIT
#endif
              }
    :: d_step { step == CANCEL_SELECT -> select_slot(running, 0);
#ifndef WITHOUT_CANCEL_ORDER
                if :: NEXT_START != running -> rest(WAITS_FOR_RESTART) :: else -> step = CANCEL_COMMIT fi
#else
                rest_asking()
#endif
              }
    :: d_step { step == CANCEL_COMMIT ||
                (step == IDLE && ops > 0 && R.kind == NOTRIAL && R.host[OTHER(running)].state == STAGED) ->
                if :: step == IDLE -> ops--; calm() :: else -> skip fi;
                aside = OTHER(running);
                bundle = R.host[aside].rcp;
                if :: bundle != NONE && (R.rcp[bundle].state == STAGED || R.rcp[bundle].state == TRIAL) ->
                      R.rcp[bundle].state = EMPTY; R.rcp[bundle].image = 0
                   :: else -> skip fi;
                drop_host(aside, EMPTY);
                clear_trial(0);
                clear_back();
#ifdef WITHOUT_CANCEL_ORDER
                commit_then(CANCEL_SELECT)
#else
                commit_then(HEALTHY)
#endif
              }

    /* Rollback given again, before the older pair has started: it goes on. */
    :: d_step { step == IDLE && ops > 0 && status == WAITS_FOR_RESTART && IS_ROLLBACK && running != R.to ->
                ops--; calm();
#ifndef WITHOUT_ROLLBACK_AGAIN
                step = SWITCH
#else
                edit_verdict(0);
                commit_then(HEALTHY)
#endif
              }
    /* Rollback: of a trial that waits, the verdict; else a trial of the pair that `back` names. */
    :: d_step { step == IDLE && ops > 0 && status == WAITS_FOR_CONFIRM ->
                ops--; calm();
                after = (R.kind == HOST -> SELECT_OLD : RECONCILE);
                edit_verdict(1);
                step = COMMIT }
    :: d_step { step == IDLE && ops > 0 && R.kind == NOTRIAL && NEXT_START == running && ROW.state == GOOD &&
                R.back_host != NONE && R.back_rcp != NONE && !(R.back_host == running && R.back_rcp == ROW.rcp) ->
                ops--; calm();
                aside = R.back_host;
                bundle = R.back_rcp;
                who = (aside != running -> R.host[aside].image : R.rcp[bundle].image);
                if
                :: R.host[aside].state != GOOD || !HOST_WHOLE(aside) || R.rcp[bundle].state != GOOD ||
                   !RCP_WHOLE(bundle) || (aside != running && R.host[aside].rcp != bundle) || IS_BAD(who) ||
                   LOW_AT_ROLLBACK(who) -> skip /* refused */
                :: else ->
                   MUST(nothing_below_the_floor, COUNTER(who) >= R.floor);
                   R.back_host = running; R.back_rcp = ROW.rcp;
                   R.to = aside; R.tries = STARTS - 1; on_trial = bundle;
                   R.success = 0;
                   clear_counts();
                   if
                   :: aside != running -> R.kind = HOST; R.paid = 1; R.host[aside].state = TRIAL; commit_then(SWITCH)
                   :: else -> R.kind = RADIO; R.paid = 0; ROW.rcp = bundle; ROW.mixed = 0; commit_then(RECONCILE)
                   fi
                fi }

    /* ==== at rest ================================================================================================= */

    :: d_step { step == REST ->
                bundle = ROW.rcp;
                MUST(no_trial_hangs, R.kind == NOTRIAL || status == WAITS_FOR_CONFIRM ||
                                     (R.kind == HOST && running != R.to && NEXT_START == R.to));
                MUST(running_host_has_a_row, status != UNKNOWN_HOST);
                MUST(ends_on_a_proven_pair, status != CANNOT_GO_BACK || stuck);
                if
                :: status == OK || status == SUBSTITUTE || status == UNMANAGED ->
                   MUST(status_ok_is_true, ROW.state == GOOD && HOST_WHOLE(running) && says != 0 &&
                                           (bundle == NONE || RADIO_IS(bundle) || status == SUBSTITUTE));
                   MUST(selection_is_settled, stuck || (NEXT_START == running && !counting));
                   MUST(nothing_below_the_floor, COUNTER(ROW.image) >= R.floor ||
                                                 (bundle != NONE && COUNTER(R.rcp[bundle].image) >= R.floor));
                   MUST(success_lasts, R.success == 0 || ROW.image == R.success ||
                                       (bundle != NONE && R.rcp[bundle].image == R.success))
                :: status == DEGRADED ->
                   MUST(silent_radio_is_flashed, dead || bundle != NONE || !(COULD_ANSWER(0) || COULD_ANSWER(1)));
                   MUST(ends_on_a_proven_pair, dead || FAULT == F_ROT || bundle == NONE)
                :: else -> skip
                fi;
                check_pair_stored();
#ifdef WITNESS
                assert(!(WITNESS));
#endif
                step = IDLE }
    :: step == IDLE -> break
    od
}
