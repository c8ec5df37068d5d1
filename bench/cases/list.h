/* list.h: every case, in the order in which they run. For each: the function and
 * its name, the group of enum case_group, flags of enum case_flag, arguments for
 * the server, seconds for the whole case (0: 60), and one line for --list. */
#ifndef CASES_LIST_H
#define CASES_LIST_H

/* clang-format off */
#define CASES(X) \
    X(ready, BASIC, STARTS, "", 0, "one flushed line with the port") \
    X(one_byte, BASIC, 0, "", 0, "1 byte") \
    X(binary, BASIC, 0, "", 0, "all 256 values, zeros, control characters") \
    X(sizes, BASIC, 0, "", 0, "around the buffer's size and its multiples") \
    X(tiny_buffer, ONE, 0, "--buffer 1", 0, \
      "--buffer 1; no send waits for an acknowledgement") \
    X(dribble, BASIC, 0, "", 0, "2,000 single bytes, then 8 KiB in few reads") \
    X(pipelined, BASIC, 0, "", 0, "10,000 x 64 bytes sent before reading") \
    X(order_64m, HEAVY, 0, "", 120, "64 MiB both ways at once, memory flat") \
    X(huge_1g, HEAVY, LONG_ONE, "", 900, "1 GiB, memory flat") \
    X(halfclose_small, BASIC, 0, "", 0, "send, end: full echo, then the end") \
    X(halfclose_empty, BASIC, 0, "", 0, "the end and nothing else") \
    X(halfclose_large, BASIC, 0, "", 0, "8 MiB, end, then a slow reader") \
    X(halfclose_blocked, QUIET, 0, "", 0, \
      "the end comes while nothing can be sent: no CPU, then complete") \
    X(halfclose_idle, QUIET, 0, "", 0, "end sent, all read, not closed: no CPU") \
    X(rst_alone, BASIC, SAYS, "", 0, "a reset after an echo") \
    X(rst_idle, SEVERAL, CUTS, "--max-clients 4", 0, \
      "idle clients reset; places free again, others untouched") \
    X(rst_mid_echo, SEVERAL, CUTS, "--max-clients 2", 0, \
      "100 resets in the middle of an echo") \
    X(rst_after_halfclose, ONE, CUTS, "--max-clients 1", 0, "send, end, reset") \
    X(close_unread, ONE, CUTS, "--max-clients 1", 0, \
      "closed with the echo unread") \
    X(connect_rst_storm, CROWD, CUTS, "", 0, "500 connects that reset at once") \
    X(rst_in_backlog, CROWD, STARTS | CUTS, "", 0, \
      "100 reset before they are accepted") \
    X(lines_unread, HEAVY, STARTS | CUTS, "", 0, \
      "1,600 resets, and nobody reads its lines") \
    X(lines_bounded, HEAVY, STARTS | CUTS, "", 0, \
      "500 refusals: few lines, and how many more there were") \
    X(never_reader, SEVERAL, CUTS, "", 0, \
      "sends and never reads: back-pressure, no CPU") \
    X(never_readers_50, CROWD, CUTS, "", 0, "fifty of them") \
    X(slow_reader, CROWD, 0, "", 0, "64 KiB/s, with 6 MiB behind") \
    X(send_resumed, FD_SET, STARTS, "", 0, \
      "a send that found no room goes on when there is some") \
    X(hot_peer, FAIR, 0, "--buffer 512", 180, \
      "one floods, 60 ping: nobody waits for its end") \
    X(fair_16, FAIR, 0, "--buffer 512", 180, "16 flood: equal shares") \
    X(fair_63, FAIR, 0, "--buffer 512", 180, "63 flood: equal shares") \
    X(accept_under_flood, FLOOD, 0, "--buffer 512", 0, \
      "new clients while 4 others flood") \
    X(silent_100, CROWD, 0, "", 0, "100 say nothing, one does") \
    X(slowloris, CROWD, 0, "", 0, "40 clients at a byte a second") \
    X(oob, ONE, CUTS, "", 0, "urgent data: alive, ordinary bytes intact") \
    X(idle_then_echo, QUIET, 0, "", 0, "idle, no CPU; then it works") \
    X(idle_timeout, IDLE, 0, "--idle-timeout 2", 0, \
      "sixty alone are closed in time, an active one is kept") \
    X(idle_owed, IDLE, CUTS, "--idle-timeout 2 --max-clients 1", 0, \
      "silent, then blocked: reset in time, because it is owed bytes") \
    X(slow_progress, IDLE, CUTS, "--idle-timeout 3 --buffer 1048576", 0, \
      "--idle-timeout 3 and a slow reader of a large buffer") \
    X(stuck_30, IDLE, CUTS | LONG_ONE, "--max-clients 2", 120, \
      "one that never reads is given 30 s, an idle one for ever") \
    X(several, SEVERAL, 0, "", 0, "five clients at once") \
    X(compaction, CROWD, 0, "", 0, \
      "first, last, every second close; the rest go on") \
    X(max_clients, SEVERAL, CUTS, "--max-clients 5", 0, \
      "one more than --max-clients") \
    X(refused_in_order, START, STARTS | CUTS, "", 0, \
      "one client too many sees an end and no reset") \
    X(boundary, CROWD, 0, "", 0, "62 to 66 connections, up and down") \
    X(boundary_63, WALL, CUTS, "", 0, \
      "the 64th client is refused with a reason") \
    X(boundary_fd_set, FD_SET, CUTS, "", 120, \
      "the 1,025th client is refused with a reason") \
    X(conns_130, CROWD, 0, "", 0, "130 held and pinged") \
    X(conns_1000, HEAVY, 0, "", 120, "1,000 held and pinged; by 01 500") \
    X(burst_300, CROWD, 0, "", 0, "300 connect at once: served within 12 s") \
    X(burst_pinged, START, STARTS | CUTS, "", 0, \
      "500 connect at once: the first goes on") \
    X(churn_100, BASIC, CUTS, "", 0, "100 short connections") \
    X(churn, HEAVY, CUTS, "", 180, "2,000 of them; threads, memory as before") \
    X(churn_100k, HEAVY, CUTS | LONG_ONE, "", 1800, "100,000 of them") \
    X(scale, HEAVY, LONG_ONE, "", 300, \
      "500 to 2,000 held and pinged for a minute") \
    X(serve_one, QUEUE, 0, "", 0, "the second client waits for the first") \
    X(fuzz, SEVERAL, CUTS, "", 300, "random sessions; --seed repeats them") \
    X(bad_args, START, STARTS, "", 0, "wrong usage: exit 2, one clear line") \
    X(port_in_use, START, 0, "", 0, \
      "second server on the port: exit 1, names it") \
    X(bind_scope, START, STARTS, "", 0, "listens where asked, nowhere else") \
    X(restart_10, START, STARTS, "", 0, "ten times on the same port") \
    X(workers, WORKERS, STARTS, "", 0, "--workers and --accepts: so many") \
    X(stop_unused, BASIC, STARTS, "", 0, \
      "stops without ever having had a client") \
    X(stop_idle, BASIC, STARTS, "", 0, "an idle client sees the end") \
    X(stop_idle_20, STOP, STARTS, "", 0, "twenty idle clients see the end") \
    X(stop_loaded, STOP, STARTS | CUTS, "", 0, "sixty clients of every kind") \
    X(stop_ctrl_c, STOP, STARTS, "", 0, "Ctrl+C and nothing else") \
    X(stop_ctrl_c_twice, STOP, STARTS | CUTS, "", 0, \
      "the second Ctrl+C ends it at once") \
    X(stop_in_storm, STOP, STARTS | CUTS, "", 0, \
      "stopped while eight threads go on connecting") \
    X(stop_owed, STOP, STARTS | CUTS, "", 0, \
      "stopped with bytes received and not sent back: no good end") \
    X(stop_unread, STOP, STARTS | CUTS, "", 0, \
      "stopped with bytes not received yet: no good end") \
    X(stop_between, STOP, STARTS, "", 0, "stopped between two operations") \
    X(stop_in_call, CALLS, STARTS | CUTS, "", 0, \
      "stopped in each call that a client causes, one in each run") \
    X(held_newcomer, FAULT, STARTS, "", 0, \
      "comes while the server looks who has come") \
    X(cancel_late, HEAVY, STARTS, "", 0, \
      "timed out, gone, and then cancelled: no other is cut") \
    X(idle_slow_send, HEAVY, STARTS, "", 0, \
      "--idle-timeout 2, and sending takes longer") \
    X(held_up, HEAVY, STARTS, "", 0, \
      "the server is held up longer than --idle-timeout") \
    X(short_at_n, FAULT, STARTS, "", 0, \
      "sends and receives that move fewer bytes") \
    X(fault_accept, FAULT, STARTS | CUTS, "", 0, \
      "accept fails now and then: the server goes on") \
    X(accept_left, FAULT, STARTS, "", 0, \
      "clients that leave before they are accepted: no wait") \
    X(accept_starved, FAULT, STARTS | CUTS, "", 0, \
      "nobody can be accepted: few attempts, a line for each shortage") \
    X(fault_at_n, FAULT, STARTS | CUTS, "", 0, \
      "a receive or a send fails: only that client is lost") \
    X(fault_packet, INLINE, STARTS | CUTS, "", 0, \
      "a packet says that a receive has failed: it is reported") \
    X(spread, SPREAD, 0, "", 0, "71 clients, shared out among the workers") \
    X(inline_budget, INLINE, 0, "--buffer 512", 0, \
      "few packets, and an end, when nothing has to wait") \
    X(options_asked_for, HEAVY, STARTS, "", 0, \
      "the socket options, by the trace") \
    X(every_call, CALLS, STARTS | CUTS, "", 120, \
      "calls fail, one or two in each run: a part of every_call_all") \
    X(every_call_all, ALL_CALLS, STARTS | CUTS | LONG_ONE, "", 900, \
      "each call fails, with each error, one in each run") \
    X(broadcast_order, BROADCAST, STARTS, "", 0, \
      "05, solution broadcast: each hears each in order") \
    X(broadcast_drops, BROADCAST, STARTS, "", 120, \
      "one never reads: it is dropped, and nobody waits for it") \
    X(broadcast_leavers, BROADCAST, STARTS, "", 120, \
      "clients that leave while a send to them is in flight") \
    X(broadcast_stop, BROADCAST, STARTS, "", 0, \
      "stops by Ctrl+C, and while much is in flight") \
    X(client, ONCE, STARTS | CUTS, "", 0, \
      "bytes in a pipe, names in every script, nobody there") \
    X(disk_full, ONCE, STARTS, "", 0, "a trace that cannot be written") \
    X(stall_shows, INSTRUMENTS, STARTS | CUTS, "", 0, \
      "instrument: an open loop shows a stall") \
    X(cpu_read, INSTRUMENTS, STARTS, "", 0, \
      "instrument: a child that uses 500 ms") \
    X(handles_read, INSTRUMENTS, 0, "", 0, \
      "instrument: handles with 50 clients") \
    X(requests_read, INSTRUMENTS, 0, "", 0, \
      "instrument: requests to the wineserver")
/* clang-format on */

#endif
