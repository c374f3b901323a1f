#include "controller/probes.h"

#include <algorithm>
#include <utility>

namespace farshore::controller {

namespace {

// A probe is under way as long as it lives.
class UnderWay {
  public:
    explicit UnderWay(std::shared_ptr<core::ProbeRound> round) : round_(std::move(round)) {}

    UnderWay(const UnderWay&) = delete;
    UnderWay& operator=(const UnderWay&) = delete;

    ~UnderWay() { round_->end(); }

  private:
    std::shared_ptr<core::ProbeRound> round_;
};

// core::may_replace, as DynamoDB's condition.
void never_back(aws::PutItem& put) {
    put.expressions.condition = "attribute_not_exists(#nonce) OR #nonce <> :nonce OR #seq < :seq";
    put.expressions.names = {{"#nonce", "nonce"}, {"#seq", "seq"}};
    put.expressions.values[":nonce"] = put.item["nonce"];
    put.expressions.values[":seq"] = put.item["seq"];
}

// nullopt: no controller writes such an item.
std::optional<core::HeartbeatItem> heartbeat_in(const aws::Item& item) {
    const auto life = aws::string_of(item, "nonce");
    const auto sequence = aws::number_of(item, "seq");
    if (!life || !sequence || *sequence < 0) {
        return std::nullopt;
    }
    const auto at = aws::number_of(item, "at_ms");
    return core::HeartbeatItem{
        .life = std::string{*life},
        .sequence = static_cast<std::uint64_t>(*sequence),
        .at = at && *at > 0 ? std::optional{utc_from_ms(*at)} : std::nullopt
    };
}

std::unexpected<Error> unseen() {
    return fail(
        ErrorKind::conflict, "a strongly consistent read does not see what was just written"
    );
}

}  // namespace

// Heartbeats of an earlier life must not count as arrivals of this one's.
Probes::Probes(Edge& edge)
    : edge_(edge),
      beats_(std::to_string(edge.clock.now().time_since_epoch().count()), edge.clock.now()) {}

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
    const auto found = fresh_.find(region);
    return found != fresh_.end() && found->second.answers;
}

net::Task<> Probes::repeat(RegionId region, Once once) {
    const core::ProbeRound::Options options{
        .every = edge_.config.detect.probe_every, .under_way_max = core::kHangingProbesMax
    };
    const auto round = std::make_shared<core::ProbeRound>(options);
    while (true) {
        if (round->begin(edge_.clock.now())) {
            edge_.tasks.spawn("probe", [this, region, once, round] {
                return (this->*once)(region, round);
            });
        }
        const Duration rest = round->next_deadline() - edge_.clock.now();
        const bool slept = co_await net::sleep_for(edge_.io, std::max(rest, Duration::zero()));
        if (!slept) {
            co_return;
        }
    }
}

aws::CallOptions Probes::options(bool fresh) const {
    aws::CallOptions options = aws::once_within(edge_.config.detect.probe_timeout);
    options.fresh_connection = fresh;
    return options;
}

aws::Item Probes::heartbeat_key(const RegionId& written_in, const char* kind) const {
    aws::Item key;
    key["id"] =
        aws::string_attribute(written_in.value() + "#" + edge_.config.controller.id.value() + kind);
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

net::Task<Result<bool>> Probes::write_heartbeat(
    RegionId region, aws::Item key, core::HeartbeatItem item, bool fresh
) {
    aws::PutItem put;
    put.table = edge_.config.detect.heartbeat_table;
    put.item = std::move(key);
    put.item["seq"] = aws::number_attribute(static_cast<std::int64_t>(item.sequence));
    put.item["nonce"] = aws::string_attribute(item.life);
    if (item.at) {
        put.item["at_ms"] = aws::number_attribute(to_ms(*item.at));
    }
    never_back(put);
    aws::CallOptions call = options(fresh);
    call.idempotent = true;
    const Result<std::optional<aws::Item>> answer =
        co_await edge_.tables.put_item(region, put, call);
    if (!answer && answer.error().kind != ErrorKind::conflict) {
        co_return std::unexpected(in_context("write", answer.error()));
    }
    co_return answer.has_value();
}

net::Task<Result<std::optional<core::HeartbeatItem>>> Probes::read_heartbeat(
    RegionId region, aws::Item key, bool fresh
) {
    aws::GetItem get;
    get.table = edge_.config.detect.heartbeat_table;
    get.key = std::move(key);
    get.consistent = true;
    const aws::CallOptions call = options(fresh);
    const Result<std::optional<aws::Item>> answer =
        co_await edge_.tables.get_item(region, get, call);
    if (!answer) {
        co_return std::unexpected(in_context("read", answer.error()));
    }
    co_return *answer ? heartbeat_in(**answer) : std::nullopt;
}

// Writes this Region's heartbeat and reads it back there, over a kept connection.
net::Task<> Probes::beat(RegionId region, std::shared_ptr<core::ProbeRound> round) {
    const UnderWay counted(std::move(round));
    const core::Heartbeats::Beat beat =
        beats_.begin({edge_.clock.now(), edge_.clock.wall()}, region);
    const aws::Item key = heartbeat_key(region);
    const core::HeartbeatItem item = beats_.item(beat);
    const Result<bool> newest = co_await write_heartbeat(region, key, item, false);
    Status outcome;
    if (!newest) {
        outcome = std::unexpected(newest.error());
    } else if (*newest) {
        edge_.deliver(beats_.acknowledged(edge_.clock.now(), region, beat));
        const auto seen = co_await read_heartbeat(region, key, false);
        if (!seen) {
            outcome = std::unexpected(seen.error());
        } else if (!beats_.shows(*seen, beat.sequence)) {
            outcome = unseen();
        }
    }
    observe(region, core::Component::dynamodb, core::Path::reused, outcome);
}

// The same over connections made for it: what a host that has just started would see.
net::Task<> Probes::look_fresh(RegionId region, std::shared_ptr<core::ProbeRound> round) {
    const UnderWay counted(std::move(round));
    const std::uint64_t sequence = ++fresh_[region].sequence;
    const aws::Item key = heartbeat_key(region, "#fresh");
    core::HeartbeatItem item = beats_.item({.sequence = sequence});
    item.at.reset();  // only those that are followed say when
    const Result<bool> newest = co_await write_heartbeat(region, key, item, true);
    Status outcome;
    if (!newest) {
        outcome = std::unexpected(newest.error());
    }
    const auto seen = co_await read_heartbeat(region, key, true);
    fresh_[region].answers = seen.has_value();
    if (outcome && !seen) {
        outcome = std::unexpected(seen.error());
    } else if (outcome && !beats_.shows(*seen, sequence)) {
        outcome = unseen();
    }
    observe(region, core::Component::dynamodb, core::Path::fresh, outcome);
}

net::Task<> Probes::look_at_stack(RegionId region, std::shared_ptr<core::ProbeRound> round) {
    const UnderWay counted(std::move(round));
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
net::Task<> Probes::look_at_control(RegionId region, std::shared_ptr<core::ProbeRound> round) {
    const UnderWay counted(std::move(round));
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

// Reads `from`'s heartbeats in `to`.
net::Task<> Probes::follow(RegionId from, RegionId to) {
    const aws::Item key = heartbeat_key(from);
    while (true) {
        const Duration pause = beats_.pause(edge_.clock.now(), from, to);
        const bool slept = co_await net::sleep_for(edge_.io, pause);
        if (!slept) {
            co_return;
        }
        if (!beats_.is_awaited(from, to)) {
            continue;
        }
        const auto found = co_await read_heartbeat(to, key, false);
        if (!found) {
            continue;
        }
        const core::Now now{edge_.clock.now(), edge_.clock.wall()};
        if (std::optional<core::Event> news = beats_.seen(now, from, to, *found)) {
            edge_.deliver(std::move(*news));
        }
    }
}

}  // namespace farshore::controller
