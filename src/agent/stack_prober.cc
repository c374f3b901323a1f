#include "agent/stack_prober.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace farshore::agent {

using namespace std::chrono_literals;

net::Task<> StackProber::probe(core::Path path, core::ProbeRound* round) {
    const std::shared_ptr<void> over(nullptr, [round](void*) { round->end(); });
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
    const auto look = [this, tasks](core::Path path, core::ProbeRound& round) {
        if (round.begin(parts_.clock.now())) {
            tasks->spawn("stack probe", [this, path, &round] { return probe(path, &round); });
        }
    };
    while (!tasks->stopping()) {
        look(core::Path::fresh, fresh_);
        look(core::Path::reused, kept_);
        const Instant next = std::min(fresh_.next_deadline(), kept_.next_deadline());
        const Duration rest = std::max(next - parts_.clock.now(), Duration::zero());
        if (!co_await net::sleep_for(parts_.io, rest)) {
            co_return;
        }
    }
}

}  // namespace farshore::agent
