/* list.h: every case, in the order in which they run. For each: the function and
 * its name, the group of enum case_group, flags of enum case_flag, arguments for
 * the server, and one line for --list. */
#ifndef CASES_LIST_H
#define CASES_LIST_H

/* clang-format off */
#define CASES(X) \
    X(ready, BASIC, STARTS | PAGE, "", "one flushed line with the port; stops") \
    X(one_byte, BASIC, PAGE, "", "1 byte") \
    X(sizes, BASIC, PAGE, "", "around the buffer's size and its multiples") \
    X(tiny_buffer, ONE, 0, "--buffer 1", "no send waits for the one before it") \
    X(dribble, BASIC, PAGE, "", "2,000 single bytes, then 8 KiB in few reads") \
    X(pipelined, BASIC, PAGE, "", "10,000 x 64 bytes sent before reading") \
    X(order_64m, HEAVY, 0, "", "64 MiB both ways at once (--long: 1 GiB)") \
    X(halfclose_small, BASIC, PAGE, "", "send, or not, and end: full echo, the end, no CPU") \
    X(halfclose_large, BASIC, PAGE, "", "8 MiB, end, then a slow reader") \
    X(halfclose_blocked, QUIET, 0, "", "the end comes while nothing can be sent: no CPU") \
    X(rst_idle, SEVERAL, CUTS | PAGE, "--max-clients 4", "idle clients reset: places free again") \
    X(rst_mid_echo, SEVERAL, CUTS | PAGE, "--max-clients 2", "100 leave in mid-echo, four ways") \
    X(rst_in_backlog, CROWD, CUTS, "", "reset before they are accepted") \
    X(lines_unread, HEAVY, STARTS | CUTS, "", "1,600 resets, and nobody reads its lines") \
    X(lines_bounded, HEAVY, STARTS | CUTS, "--max-clients 1", "500 refusals: few lines, a sum") \
    X(never_reader, SEVERAL, CUTS | PAGE, "", "sends and never reads: back-pressure, no CPU") \
    X(never_readers_50, CROWD, CUTS, "", "fifty of them") \
    X(slow_reader, CROWD, 0, "", "64 KiB/s, with 6 MiB behind") \
    X(send_resumed, FD_SET, STARTS, "", "goes on as soon as there is room") \
    X(hot_peer, FAIR, 0, "--buffer 512", "one floods: 60 do not wait for its end") \
    X(fair, FAIR, PAGE, "--buffer 512", "63, or 16, flood: equal shares") \
    X(accept_under_flood, FLOOD, 0, "--buffer 512", "4 flood, new clients come") \
    X(silent_100, CROWD, 0, "", "100 say nothing, then 40 a byte now and then: others are served") \
    X(oob, ONE, CUTS, "", "urgent data: alive, ordinary bytes intact") \
    X(idle_then_echo, QUIET, 0, "", "idle, no CPU; then it works") \
    X(idle_timeout, IDLE, 0, "--idle-timeout 2", "sixty alone closed in time, an active one kept") \
    X(idle_owed, IDLE, CUTS, "--idle-timeout 2 --max-clients 1", "blocked: reset in time") \
    X(slow_progress, IDLE, CUTS, "--idle-timeout 3 --buffer 1048576", "a slow reader is not idle") \
    X(thirty_seconds, HEAVY, STARTS | CUTS, "", "never reads: 30 s; silent: what is asked for") \
    X(few_calls, HEAVY, 0, "", "an echo beside 60 silent ones; two seconds of nothing") \
    X(several, SEVERAL, PAGE, "", "five clients at once") \
    X(compaction, CROWD, PAGE, "", "first, last, every second of 40 close") \
    X(max_clients, SEVERAL, CUTS, "--max-clients 5", "one more than that") \
    X(refused_in_order, START, STARTS | CUTS, "", "an end and no reset; nobody is held up") \
    X(boundary, CROWD, PAGE, "", "62 to 66 connections, 130, and down again") \
    X(boundary_63, WALL, CUTS, "", "the 64th is refused with a reason") \
    X(boundary_fd_set, FD_SET, CUTS, "", "the 1,025th is refused with a reason") \
    X(conns_1000, HEAVY, 0, "", "1,000 pinged (01: 500; --long: up to 2,000, for a minute)") \
    X(burst_300, CROWD, STARTS | CUTS, "", "300 connect at once: who is there goes on") \
    X(churn_100, BASIC, CUTS | PAGE, "", "100 short connections") \
    X(churn, HEAVY, CUTS, "", "2,000 of them (--long: 100,000): threads, memory as before") \
    X(serve_one, QUEUE, 0, "", "the second client waits for the first") \
    X(fuzz, SEVERAL, CUTS, "", "random sessions; --seed repeats them") \
    X(bad_args, START, STARTS | PAGE, "", "wrong usage: exit 2, one clear line") \
    X(port_in_use, START, PAGE, "", "second server: exit 1, names the port") \
    X(bind_scope, START, STARTS, "", "listens where asked, nowhere else") \
    X(restart_10, START, STARTS, "", "ten times on the same port") \
    X(workers, WORKERS, STARTS, "", "--workers and --accepts: so many") \
    X(stop_idle, BASIC, STARTS | PAGE, "", "an idle client sees the end") \
    X(stop_idle_20, STOP, STARTS, "", "twenty idle clients see the end") \
    X(stop_loaded, STOP, STARTS | CUTS, "", "sixty clients of every kind") \
    X(stop_ctrl_c, STOP, STARTS, "", "Ctrl+C and nothing else") \
    X(stop_ctrl_c_twice, STOP, STARTS | CUTS, "", "the second ends it at once") \
    X(stop_in_storm, STOP, STARTS | CUTS, "", "eight threads go on connecting") \
    X(stop_owed, STOP, STARTS | CUTS, "", "with bytes not sent back or not received: no good end") \
    X(stop_between, STOP, STARTS, "", "between two operations") \
    X(stop_in_call, CALLS, STARTS | CUTS, "", "in each call that a client causes") \
    X(held_newcomer, FAULT, STARTS, "", "comes while it looks who has come") \
    X(cancel_late, HEAVY, STARTS, "", "timed out, gone, and then cancelled: no other is cut") \
    X(held_up, HEAVY, 0, "--idle-timeout 2", "the server is held up longer than --idle-timeout") \
    X(short_at_n, BASIC, STARTS | PAGE, "", "transfers that move fewer bytes") \
    X(fault_accept, FAULT, STARTS | CUTS, "", "accept fails now and then: the server goes on") \
    X(accept_left, FAULT, STARTS, "", "clients that leave before they are accepted: no wait") \
    X(accept_starved, FAULT, STARTS | CUTS, "", "nobody can be accepted: few attempts, few lines") \
    X(long_shortage, HEAVY, STARTS | CUTS, "", "of clients' sockets: over when it is over") \
    X(no_more_workers, PLACES, STARTS | CUTS, "", "a thread is not to be had, and later is") \
    X(place_given_back, WALL, CUTS, "", "a worker is slow to give a place back") \
    X(fault_at_n, FAULT, STARTS | CUTS | PAGE, "", "a receive or send fails: one client is lost") \
    X(spread, SPREAD, 0, "", "71 clients, shared out among the workers") \
    X(inline_budget, INLINE, 0, "--buffer 512", "few packets, and an end, when nothing waits") \
    X(options_asked_for, HEAVY, STARTS, "", "the socket options, by the trace") \
    X(every_call, CALLS, STARTS | CUTS, "", "a part of every_call_all") \
    X(every_call_all, ALL_CALLS, STARTS | CUTS | LONG_ONE, "", "each call fails, with each error") \
    X(broadcast_order, BROADCAST, STARTS, "", "05, solution broadcast: each hears each in order") \
    X(broadcast_drops, BROADCAST, STARTS, "", "one never reads: dropped, and nobody waits for it") \
    X(broadcast_leavers, BROADCAST, STARTS, "", "clients leave while a send to them is in flight") \
    X(broadcast_stop, BROADCAST, STARTS, "", "by Ctrl+C, and while much is in flight") \
    X(client, ONCE, STARTS | CUTS, "", "bytes in a pipe, names in every script, nobody there") \
    X(disk_full, ONCE, STARTS, "", "a trace that cannot be written") \
    X(stall_shows, INSTRUMENTS, STARTS | CUTS, "", "instrument: an open loop shows a stall") \
    X(cpu_read, INSTRUMENTS, STARTS, "", "instrument: a child uses 500 ms") \
    X(handles_read, INSTRUMENTS, 0, "", "instrument: handles with 50 clients") \
    X(requests_read, INSTRUMENTS, 0, "", "instrument: wineserver requests")
/* clang-format on */

#endif
