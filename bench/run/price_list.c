#include "prices.h"

const char *price_name(enum price price)
{
    static const char *const names[PRICE_COUNT] = {
        "send",
        "recv, data there",
        "recv, in vain",
        "recv, asleep until data comes",
        "WSARecv, data there",
        "WSARecv pending, then complete: event",
        "WSARecv pending, then complete: routine",
        "WSARecv pending, then complete: port",
        "select, 1 socket",
        "select, 16 sockets",
        "select, 128 sockets",
        "WSAPoll, 1 socket",
        "WSAPoll, 16 sockets",
        "WSAPoll, 128 sockets",
        "WSAWaitForMultipleEvents, 1 event",
        "WSAWaitForMultipleEvents, 16 events",
        "WSAWaitForMultipleEvents, 64 events",
        "WSAResetEvent",
        "WSAGetOverlappedResult",
        "GetQueuedCompletionStatus, packet there",
        "SleepEx, runs one routine",
        "SleepEx, nothing there",
        "a waiting thread is woken"};
    return names[price];
}

struct figure price_of_wait(const struct price_list *list, enum price first,
                            int members)
{
    int largest = first == PRICE_EVENTS_1 ? 64 : 128;
    int left = members <= 16 ? 1 : 16;
    int right = members <= 16 ? 16 : largest;
    struct figure low = list->us[first + (enum price)(members > 16)];
    struct figure high = list->us[first + (enum price)(members > 16) + 1];
    if (!low.known || !high.known)
        return (struct figure){false, 0};
    return figure_of(low.value + (high.value - low.value) * (members - left) /
                                     (right - left));
}
