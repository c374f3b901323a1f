#include "bench/controller/agent.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/assert.h"

namespace farshore::bench {

using namespace std::chrono_literals;

namespace {

// As in src/agent/controller_link.cc.
constexpr Duration kReportEvery = 500ms;
constexpr Duration kReportPatience = 1s;
constexpr Duration kReportPauseMin = 20ms;
constexpr Duration kAckPatience = 3s;
constexpr Duration kHelloPatience = 3s;
constexpr Duration kSilenceMax = 4s;
constexpr Duration kPauseFirst = 100ms;
constexpr Duration kPauseMax = 3s;
constexpr int kAckAttempts = 6;

}  // namespace

Agent::Agent(Swarm& swarm, Identity identity)
    : swarm_(swarm),
      identity_(std::move(identity)),
      boot_("boot-of-" + identity_.host.value()),
      rng_(identity_.seed),
      stream_(swarm.loop_, *this, identity_.address, swarm.options_.port) {}

void Agent::start() {
    running_ = true;
    listen_at_ = swarm_.loop_.now();
    schedule(listen_at_);
}

void Agent::cut() {
    const Instant now = swarm_.loop_.now();
    for (const auto& call : calls_) {
        call->connection->close();
        call->again.reset();
    }
    report_under_way_ = false;
    stream_.close();
    stream_ended(now);
}

void Agent::retire() {
    running_ = false;
    cut();
}

void Agent::schedule(Instant at) {
    if (!scheduled_ || at < *scheduled_) {
        scheduled_ = at;
        swarm_.loop_.wake(at, *this);
    }
}

Instant Agent::next_due() const {
    Instant next =
        stream_.busy() ? heard_ + (connected_ ? kSilenceMax : kHelloPatience) : listen_at_;
    if (ever_connected_ && !report_under_way_) {
        next = std::min(next, report_at_);
    }
    if (lease_until_) {
        next = std::min(next, *lease_until_);
    }
    if (held_since_) {
        next = std::min(next, hold_until_);
    }
    for (const auto& call : calls_) {
        if (call->connection->busy()) {
            next = std::min(next, call->give_up);
        } else if (call->again) {
            next = std::min(next, *call->again);
        }
    }
    return next;
}

void Agent::due() {
    const Instant now = swarm_.loop_.now();
    if (!scheduled_ || now < *scheduled_ || !running_) {
        return;  // set anew for another time since
    }
    scheduled_.reset();
    if (lease_until_ && now >= *lease_until_) {
        lease_until_.reset();
        if (state_ == wire::WriteState::open) {
            ++swarm_.seen_.leases_lost;
            set_state(wire::WriteState::unconfirmed);
        }
    }
    if (held_since_ && now >= hold_until_) {
        end_hold(now, true);
    }
    if (stream_.busy() && now >= heard_ + (connected_ ? kSilenceMax : kHelloPatience)) {
        stream_.close();
        stream_ended(now);
    } else if (!stream_.busy() && now >= listen_at_) {
        listen(now);
    }
    for (std::size_t i = 0; i < calls_.size(); ++i) {
        Call& call = *calls_[i];
        if (call.connection->busy() && now >= call.give_up) {
            call.connection->close();
            call_failed(call, now);
        } else if (call.again && now >= *call.again) {
            send_ack(call, now);
        }
    }
    if (ever_connected_ && !report_under_way_ && now >= report_at_) {
        report(now);
    }
    schedule(next_due());
}

// --- the stream --------------------------------------------------------------------------------

std::string Agent::request(std::string_view path, std::string_view body) const {
    return fmt::format(
        "POST {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAccept: */*\r\nAuthorization: Bearer {}\r\n"
        "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
        path,
        swarm_.options_.port,
        identity_.token,
        body.size(),
        body
    );
}

void Agent::listen(Instant now) {
    const wire::AgentHello hello{
        .protocol = {},
        .app = swarm_.options_.app,
        .host = identity_.host,
        .region = identity_.region,
        .boot = BootId{boot_},
        .configuration_hash = std::string(64, 'c'),
        .epoch = epoch_,
        .active = active_,
        .users = users_
    };
    first_attempt_ = first_attempt_.value_or(now);
    heard_ = now;
    line_.clear();
    stream_.request(request("/v1/agents/stream", wire::serialize(hello)), true);
}

void Agent::stream_ended(Instant now) {
    swarm_.seen_.streams_lost += connected_ ? 1U : 0U;
    set_connected(false);
    failures_ = std::min(failures_ + 1, 10);
    const Duration ceiling = std::min<Duration>(kPauseFirst * (1 << failures_), kPauseMax);
    const auto drawn = rng_.below(static_cast<std::uint64_t>(ceiling.count()));
    listen_at_ = now + kPauseFirst / 2 + Duration{static_cast<Duration::rep>(drawn)};
    schedule(listen_at_);
}

void Agent::piece(Connection&, std::string_view bytes) {
    const Instant now = swarm_.loop_.now();
    heard_ = now;
    line_.append(bytes);
    std::size_t from = 0;
    for (std::size_t end = line_.find('\n'); end != std::string::npos && stream_.busy();
         end = line_.find('\n', from)) {
        take_line(std::string_view{line_}.substr(from, end - from), now);
        from = end + 1;
    }
    line_.erase(0, from);
}

void Agent::take_line(std::string_view line, Instant now) {
    // One a second for each agent: not worth a parser.
    if (line.find(R"("type":"ping")") != std::string_view::npos) {
        return;
    }
    const auto parsed = wire::parse_stream_line(line);
    FARSHORE_ASSERT(parsed.has_value(), "controller and swarm are of one version");
    if (const auto* order = std::get_if<wire::Order>(&*parsed)) {
        obey(*order, now);
    } else if (std::holds_alternative<wire::ControllerHello>(*parsed)) {
        swarm_.seen_.greeted.add(now - first_attempt_.value_or(now));
        first_attempt_.reset();
        failures_ = 0;
        ever_connected_ = true;
        whole_ = nullptr;
        set_connected(true);
        report_soon(now);
    } else {
        ++swarm_.seen_.refused;
        stream_.close();
        stream_ended(now);
    }
}

// --- reports and acknowledgements ---------------------------------------------------------------

Agent::Call& Agent::free_call() {
    for (const auto& call : calls_) {
        if (!call->connection->busy() && !call->again) {
            return *call;
        }
    }
    Connection::Client& client = *this;
    calls_.push_back(std::make_unique<Call>());
    calls_.back()->connection =
        std::make_unique<Connection>(swarm_.loop_, client, identity_.address, swarm_.options_.port);
    return *calls_.back();
}

Agent::Call& Agent::call_of(const Connection& connection) {
    const auto found = std::ranges::find_if(calls_, [&](const auto& call) {
        return call->connection.get() == &connection;
    });
    FARSHORE_ASSERT(found != calls_.end(), "only calls and the stream have connections");
    return **found;
}

void Agent::send_ack(Call& call, Instant now) {
    call.again.reset();
    ++call.attempts;
    call.sent = now;
    call.give_up = now + kAckPatience;
    call.connection->request(call.ack, false);
    schedule(call.give_up);
}

void Agent::report_soon(Instant now) {
    report_at_ = std::max(now, report_ended_ + kReportPauseMin);
    if (!report_under_way_) {
        schedule(report_at_);
    }
}

void Agent::report(Instant now) {
    const wire::Report like{
        .app = swarm_.options_.app,
        .host = {},
        .region = identity_.region,
        .boot = {},
        .sequence = 0,
        .epoch = epoch_,
        .active = active_,
        .users = users_,
        .write_state = state_,
        .lease_remaining = lease_until_ ? Duration{2500ms} : Duration::zero(),
        .evidence = {},
        .ledger =
            {.acknowledged = 123'456, .last_acknowledged_age = 20ms, .whole = true, .tables = {}},
        .in_flight_writes = 0,
        .held = 0,
        .unknown = wire::UnknownOutcomes{},
        .client_keys_required = true
    };
    const ReportText& text = swarm_.report_text(like);
    const bool is_short = whole_ == &text;
    ++sequence_;
    const std::string body = is_short ? wire::serialize(wire::ReportAgain{
                                            .app = swarm_.options_.app,
                                            .host = identity_.host,
                                            .boot = BootId{boot_},
                                            .sequence = sequence_,
                                            .like = whole_sequence_,
                                            .well = text.well,
                                            .last_acknowledged_age = 20ms
                                        })
                                      : fmt::format(
                                            "{}{}{}{}{}{}{}",
                                            text.pieces[0],
                                            identity_.host.value(),
                                            text.pieces[1],
                                            boot_,
                                            text.pieces[2],
                                            sequence_,
                                            text.pieces[3]
                                        );
    Call& call = free_call();
    call.is_report = true;
    call.whole = is_short ? nullptr : &text;
    call.sent = now;
    call.give_up = now + kReportPatience;
    report_under_way_ = true;
    report_at_ = now + kReportEvery;
    const std::string_view path = is_short ? "/v1/agents/again" : "/v1/agents/report";
    call.connection->request(request(path, body), false);
}

void Agent::take_report_answer(const Call& call, int status, std::string_view body, Instant now) {
    swarm_.seen_.reports.add(now - call.sent);
    if (status != 200) {
        whole_ = nullptr;
    } else if (call.whole != nullptr) {
        whole_ = call.whole;
        whole_sequence_ = sequence_;
    }
    const auto answer = wire::parse_report_answer(body);
    if (status != 200 || !answer) {
        return;
    }
    report_at_ = std::max(report_at_, call.sent + answer->rest.value_or(Duration::zero()));
    if (answer->lease) {
        take_lease(*answer->lease, call.sent, now);
    }
}

void Agent::take_ack_answer(const Call& call, std::string_view body, Instant now) {
    OrderRound& figures = swarm_.seen_.rounds[{call.order, call.round}];
    if (figures.first) {
        figures.answered.add(now - *figures.first);
        figures.last_answered = now;
    }
    if (call.order != core::OrderType::route) {
        return;
    }
    const auto answer = wire::parse_ack_answer(body);
    if (answer && answer->lease) {
        take_lease(*answer->lease, call.sent, now);
    } else {
        report_soon(now);
    }
}

void Agent::take_lease(const wire::LeaseGrant& lease, Instant sent, Instant now) {
    if (lease.epoch != epoch_) {
        return;
    }
    const bool may = state_ == wire::WriteState::unconfirmed || state_ == wire::WriteState::open;
    const Instant until = sent + lease.length;
    if (may && now < until) {
        lease_until_ = until;
        set_state(wire::WriteState::open);
    }
}

void Agent::answered(Connection& connection, int status, std::string_view body) {
    const Instant now = swarm_.loop_.now();
    swarm_.seen_.refused += status == 200 ? 0U : 1U;
    if (&connection == &stream_) {
        stream_ended(now);
        return;
    }
    Call& call = call_of(connection);
    if (call.is_report) {
        report_under_way_ = false;
        report_ended_ = now;
        take_report_answer(call, status, body, now);
        report_at_ = std::max(report_at_, now + kReportPauseMin);
        schedule(report_at_);
    } else if (status >= 500) {
        call_failed(call, now);
    } else {
        take_ack_answer(call, body, now);
    }
}

void Agent::lost(Connection& connection) {
    const Instant now = swarm_.loop_.now();
    if (&connection == &stream_) {
        stream_ended(now);
    } else {
        call_failed(call_of(connection), now);
    }
}

void Agent::call_failed(Call& call, Instant now) {
    if (call.is_report) {
        ++swarm_.seen_.reports_given_up;
        whole_ = nullptr;
        report_under_way_ = false;
        report_ended_ = now;
        report_at_ = std::max(report_at_, now + kReportPauseMin);
        schedule(report_at_);
    } else if (call.attempts < kAckAttempts) {
        call.again = now + 50ms * (1 << (call.attempts - 1));
        schedule(*call.again);
    } else {
        ++swarm_.seen_.acks_given_up;
    }
}

}  // namespace farshore::bench
