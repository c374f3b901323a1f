#include "controller/probes.h"

#include <utility>

namespace farshore::controller {

namespace {

// Probes go out on time even while earlier ones hang: a hang must not slow detection down. A
// timeout of one second at two probes per second needs two; more is slack.
constexpr int kUnderWayMax = 4;
constexpr std::size_t kWrittenKept = 64;
constexpr Duration kLagPollFast = std::chrono::milliseconds{30};
constexpr Duration kLagPollSlow = std::chrono::milliseconds{500};
constexpr Duration kLagFastFor = std::chrono::seconds{2};

// Counts a probe as under way as long as it lives.
class UnderWay {
  public:
    explicit UnderWay(std::shared_ptr<int> count) : count_(std::move(count)) { ++*count_; }

    UnderWay(const UnderWay&) = delete;
    UnderWay& operator=(const UnderWay&) = delete;

    ~UnderWay() { --*count_; }

  private:
    std::shared_ptr<int> count_;
};

// A write that was long under way must not stand over a newer one of this life.
void never_back(aws::PutItem& put) {
    put.expressions.condition = "attribute_not_exists(#nonce) OR #nonce <> :nonce OR #seq < :seq";
    put.expressions.names = {{"#nonce", "nonce"}, {"#seq", "seq"}};
    put.expressions.values[":nonce"] = put.item["nonce"];
    put.expressions.values[":seq"] = put.item["seq"];
}

std::unexpected<Error> unseen() {
    return fail(
        ErrorKind::conflict, "a strongly consistent read does not see what was just written"
    );
}

}  // namespace

Probes::Probes(Edge& edge) : edge_(edge) {
    // Heartbeats of an earlier life must not count as arrivals of this one's.
    nonce_ = std::to_string(edge.clock.now().time_since_epoch().count());
}

void Probes::start() {
    for (const config::Region& region : edge_.config.regions) {
        const RegionId id = region.id;
        edge_.tasks.spawn("heartbeat " + id.value(), [this, id] {
            return repeat(id, &Probes::beat);
        });
        edge_.tasks.spawn("probe " + id.value(), [this, id] {
            return repeat(id, &Probes::look_fresh);
        });
        if (!region.health.empty()) {
            edge_.tasks.spawn("stack " + id.value(), [this, id] {
                return repeat(id, &Probes::look_at_stack);
            });
        }
        for (const config::Region& other : edge_.config.regions) {
            if (other.id != id) {
                const RegionId to = other.id;
                edge_.tasks.spawn("lag " + id.value() + " to " + to.value(), [this, id, to] {
                    return follow(id, to);
                });
            }
        }
    }
    if (!edge_.config.detect.control_target.empty() || !edge_.config.witness.value().empty()) {
        const RegionId witness = edge_.config.witness;
        edge_.tasks.spawn("control target", [this, witness] {
            return repeat(witness, &Probes::look_at_control);
        });
    }
}

bool Probes::answers(const RegionId& region) const {
    const auto found = beats_.find(region);
    return found != beats_.end() && found->second.answers;
}

net::Task<> Probes::repeat(RegionId region, Once once) {
    const auto under_way = std::make_shared<int>(0);
    while (true) {
        if (*under_way < kUnderWayMax) {
            edge_.tasks.spawn("probe", [this, region, once, under_way] {
                return (this->*once)(region, under_way);
            });
        }
        const bool slept = co_await net::sleep_for(edge_.io, edge_.config.detect.probe_every);
        if (!slept) {
            co_return;
        }
    }
}

aws::CallOptions Probes::options(bool fresh) const {
    aws::CallOptions options;
    options.connect_timeout = edge_.config.detect.probe_timeout;
    options.total_timeout = edge_.config.detect.probe_timeout;
    options.attempts_max = 1;
    options.fresh_connection = fresh;
    return options;
}

aws::Item Probes::heartbeat_key(const RegionId& written_in) const {
    aws::Item key;
    key["id"] =
        aws::string_attribute(written_in.value() + "#" + edge_.config.controller.id.value());
    return key;
}

void Probes::observe(
    const RegionId& region, core::Component component, core::Path path, const Status& outcome
) {
    core::Observation seen{
        .observer = edge_.config.controller.id,
        .source = {},
        .region = region,
        .component = component,
        .path = path,
        .ok = outcome ? 1U : 0U,
        .failed = outcome ? 0U : 1U,
        .stalled = {},
        .why = outcome ? std::string{} : outcome.error().text
    };
    edge_.deliver(std::move(seen));
}

// Writes this Region's heartbeat and reads it back there, over a kept connection.
net::Task<> Probes::beat(RegionId region, std::shared_ptr<int> under_way) {
    const UnderWay counted(std::move(under_way));
    const std::uint64_t sequence = ++beats_[region].sequence;
    const Written written{.started = edge_.clock.now(), .at = edge_.clock.wall()};
    aws::PutItem put;
    put.table = edge_.config.detect.heartbeat_table;
    put.item = heartbeat_key(region);
    put.item["seq"] = aws::number_attribute(static_cast<std::int64_t>(sequence));
    put.item["at_ms"] = aws::number_attribute(to_ms(written.at));
    put.item["nonce"] = aws::string_attribute(nonce_);
    never_back(put);
    aws::CallOptions call = options(false);
    call.idempotent = true;
    const Result<std::optional<aws::Item>> answer =
        co_await edge_.tables.put_item(region, put, call);
    Status outcome;
    if (!answer && answer.error().kind != ErrorKind::conflict) {
        outcome = std::unexpected(in_context("write", answer.error()));
    } else if (answer) {
        Beat& beat = beats_[region];
        beat.acknowledged = std::max(beat.acknowledged, sequence);
        beat.written.emplace(sequence, written);
        if (beat.written.size() > kWrittenKept) {
            beat.written.erase(beat.written.begin());
        }
        edge_.deliver(core::WriteAcknowledged{.region = region, .at = written.started});
        const Result<std::optional<std::uint64_t>> seen = co_await heartbeat_seen(region, region);
        if (!seen) {
            outcome = std::unexpected(in_context("read", seen.error()));
        } else if (!*seen || **seen < sequence) {
            outcome = unseen();
        }
    }
    observe(region, core::Component::dynamodb, core::Path::reused, outcome);
}

// The same over connections made for it: what a host that has just started would see.
net::Task<> Probes::look_fresh(RegionId region, std::shared_ptr<int> under_way) {
    const UnderWay counted(std::move(under_way));
    const std::uint64_t sequence = ++beats_[region].fresh_sequence;
    aws::PutItem put;
    put.table = edge_.config.detect.heartbeat_table;
    put.item["id"] =
        aws::string_attribute(region.value() + "#" + edge_.config.controller.id.value() + "#fresh");
    put.item["seq"] = aws::number_attribute(static_cast<std::int64_t>(sequence));
    put.item["nonce"] = aws::string_attribute(nonce_);
    never_back(put);
    aws::CallOptions call = options(true);
    call.idempotent = true;
    const Result<std::optional<aws::Item>> written =
        co_await edge_.tables.put_item(region, put, call);
    Status outcome;
    if (!written && written.error().kind != ErrorKind::conflict) {
        outcome = std::unexpected(in_context("write", written.error()));
    }
    aws::GetItem get;
    get.table = put.table;
    get.key["id"] = put.item["id"];
    get.consistent = true;
    call = options(true);
    const Result<std::optional<aws::Item>> answer =
        co_await edge_.tables.get_item(region, get, call);
    beats_[region].answers = answer.has_value();
    if (outcome && !answer) {
        outcome = std::unexpected(in_context("read", answer.error()));
    } else if (outcome && sequence_of(*answer).value_or(0) < sequence) {
        outcome = unseen();
    }
    observe(region, core::Component::dynamodb, core::Path::fresh, outcome);
}

net::Task<> Probes::look_at_stack(RegionId region, std::shared_ptr<int> under_way) {
    const UnderWay counted(std::move(under_way));
    net::HttpCall call;
    call.url = edge_.config.region(region)->health;
    call.connect_timeout = edge_.config.detect.probe_timeout;
    call.total_timeout = edge_.config.detect.probe_timeout;
    call.fresh_connection = true;
    call.body_bytes_max = 1024 * 1024;
    const Result<net::HttpReply> reply = co_await edge_.http.fetch(call);
    Status outcome;
    if (!reply) {
        outcome = std::unexpected(reply.error());
    } else if (reply->status < 200 || reply->status >= 400) {
        outcome = fail(ErrorKind::unavailable, "status " + std::to_string(reply->status));
    }
    observe(region, core::Component::stack, core::Path::fresh, outcome);
}

// Do we see anything at all? When this fails too, the fault is probably ours.
net::Task<> Probes::look_at_control(RegionId region, std::shared_ptr<int> under_way) {
    const UnderWay counted(std::move(under_way));
    Status outcome;
    if (!edge_.config.detect.control_target.empty()) {
        net::HttpCall call;
        call.url = edge_.config.detect.control_target;
        call.connect_timeout = edge_.config.detect.probe_timeout;
        call.total_timeout = edge_.config.detect.probe_timeout;
        call.fresh_connection = true;
        call.body_bytes_max = 1024 * 1024;
        const Result<net::HttpReply> reply = co_await edge_.http.fetch(call);
        if (!reply) {
            outcome = std::unexpected(reply.error());
        }
    } else {
        aws::GetItem get;
        get.table = edge_.config.fence.epoch_table;
        get.key["app"] = aws::string_attribute(edge_.config.app.value());
        get.consistent = true;
        const aws::CallOptions call = options(true);
        const Result<std::optional<aws::Item>> answer =
            co_await edge_.tables.get_item(region, get, call);
        if (!answer) {
            outcome = std::unexpected(answer.error());
        }
    }
    observe(RegionId{}, core::Component::control, core::Path::fresh, outcome);
}

net::Task<Result<std::optional<aws::Item>>> Probes::read_heartbeat(RegionId from, RegionId in) {
    aws::GetItem get;
    get.table = edge_.config.detect.heartbeat_table;
    get.key = heartbeat_key(from);
    get.consistent = true;
    const aws::CallOptions call = options(false);
    Result<std::optional<aws::Item>> answer = co_await edge_.tables.get_item(in, get, call);
    co_return answer;
}

// The sequence number of `from`'s heartbeat as read in `in`; nullopt: none of this life's.
net::Task<Result<std::optional<std::uint64_t>>> Probes::heartbeat_seen(RegionId from, RegionId in) {
    const Result<std::optional<aws::Item>> answer = co_await read_heartbeat(from, in);
    if (!answer) {
        co_return std::unexpected(answer.error());
    }
    co_return sequence_of(*answer);
}

// nullopt: there is none, or an earlier life of this controller wrote it.
std::optional<std::uint64_t> Probes::sequence_of(const std::optional<aws::Item>& item) const {
    if (!item || aws::string_of(*item, "nonce") != nonce_) {
        return std::nullopt;
    }
    const auto sequence = aws::number_of(*item, "seq");
    if (!sequence || *sequence < 0) {
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(*sequence);
}

// The last heartbeat of an earlier life of this controller: all that is known about replication
// when it comes back inside an outage. True: there was one.
net::Task<Result<bool>> Probes::find_earlier(RegionId from, RegionId to) {
    const Result<std::optional<aws::Item>> answer = co_await read_heartbeat(from, to);
    if (!answer) {
        co_return std::unexpected(answer.error());
    }
    const auto at = *answer ? aws::number_of(**answer, "at_ms") : std::nullopt;
    // A heartbeat from the future is a clock that was set back since: it proves nothing.
    if (!at || *at <= 0 || utc_from_ms(*at) > edge_.clock.wall()) {
        co_return false;
    }
    edge_.deliver(core::HeartbeatFound{
        .from = from, .to = to, .written_ago = edge_.clock.wall() - utc_from_ms(*at)
    });
    co_return true;
}

// Reads `from`'s heartbeats in `to`. The lag is a duration on our own clock: from the start of the
// write to the first read that saw it.
net::Task<> Probes::follow(RegionId from, RegionId to) {
    std::uint64_t last = 0;
    bool found_earlier = false;
    Instant waiting_since = edge_.clock.now();
    while (true) {
        const Duration waited = edge_.clock.now() - waiting_since;
        const Duration pause = waited < kLagFastFor ? kLagPollFast : kLagPollSlow;
        const bool slept = co_await net::sleep_for(edge_.io, pause);
        if (!slept) {
            co_return;
        }
        if (last == 0 && !found_earlier) {
            const Result<bool> found = co_await find_earlier(from, to);
            found_earlier = found.has_value();
        }
        if (beats_[from].acknowledged <= last) {
            waiting_since = edge_.clock.now();
            continue;
        }
        const Result<std::optional<std::uint64_t>> seen = co_await heartbeat_seen(from, to);
        if (!seen || !*seen || **seen <= last) {
            continue;
        }
        last = **seen;
        waiting_since = edge_.clock.now();
        const auto written = beats_[from].written.find(last);
        if (written != beats_[from].written.end()) {
            edge_.deliver(core::HeartbeatArrived{
                .from = from,
                .to = to,
                .written = written->second.started,
                .lag = edge_.clock.now() - written->second.started
            });
        }
    }
}

}  // namespace farshore::controller
