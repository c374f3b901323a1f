#include "agent/stack_prober.h"

#include <algorithm>
#include <utility>

namespace farshore::agent {

using namespace std::chrono_literals;

StackProber::StackProber(
    net::Io& io,
    const ports::Clock& clock,
    net::HttpClient& http,
    EvidenceBook& book,
    RegionId region,
    std::string url,
    Duration every
)
    : io_(&io),
      clock_(&clock),
      http_(&http),
      book_(&book),
      region_(std::move(region)),
      url_(std::move(url)),
      every_(every) {}

net::Task<> StackProber::probe(wire::EvidencePath path) {
    // The answer's own bound is a second; a little more for the way.
    const net::HttpCall call{
        .url = url_,
        .connect_timeout = 1s,
        .total_timeout = 1500ms,
        .fresh_connection = path == wire::EvidencePath::fresh,
        // The load balancer deals with one dead host of many: no reason to leave the Region.
        .leave_after_server_error = true,
        .body_bytes_max = 64 * 1024,
    };
    const Instant started = clock_->now();
    const Result<net::HttpReply> reply = co_await http_->fetch(call);
    const bool ok = reply && reply->status >= 200 && reply->status < 400;
    std::string error;
    if (!reply) {
        error = reply.error().text;
    } else if (!ok) {
        error = "status " + std::to_string(reply->status);
    }
    book_->count(
        {region_, wire::EvidenceComponent::stack, path},
        ok,
        clock_->now() - started,
        std::move(error)
    );
}

net::Task<> StackProber::run(net::TaskGroup* tasks) {
    while (!tasks->stopping()) {
        const Instant started = clock_->now();
        co_await probe(wire::EvidencePath::fresh);
        co_await probe(wire::EvidencePath::reused);
        co_await net::sleep_for(*io_, std::max<Duration>(started + every_ - clock_->now(), 10ms));
    }
}

}  // namespace farshore::agent
