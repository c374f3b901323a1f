#include "agent/stack_prober.h"

#include <algorithm>
#include <utility>

namespace farshore::agent {

using namespace std::chrono_literals;

net::Task<> StackProber::probe(core::Path path) {
    // The answer's own bound is a second; a little more for the way.
    const net::HttpCall call{
        .url = parts_.url,
        .connect_timeout = 1s,
        .total_timeout = 1500ms,
        .fresh_connection = path == core::Path::fresh,
        // The load balancer deals with one dead host of many: no reason to leave the Region.
        .leave_after_server_error = true,
        .body_bytes_max = 64 * 1024,
    };
    const Instant started = parts_.clock.now();
    const Result<net::HttpReply> reply = co_await parts_.http.fetch(call);
    const bool ok = reply && reply->status >= 200 && reply->status < 400;
    std::string error;
    if (!reply) {
        error = reply.error().text;
    } else if (!ok) {
        error = "status " + std::to_string(reply->status);
    }
    parts_.book.count(
        {parts_.region, core::Component::stack, path},
        ok,
        parts_.clock.now() - started,
        std::move(error)
    );
}

net::Task<> StackProber::run(net::TaskGroup* tasks) {
    while (!tasks->stopping()) {
        const Instant started = parts_.clock.now();
        co_await probe(core::Path::fresh);
        co_await probe(core::Path::reused);
        co_await net::sleep_for(
            parts_.io, std::max<Duration>(started + parts_.every - parts_.clock.now(), 10ms)
        );
    }
}

}  // namespace farshore::agent
