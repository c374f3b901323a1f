#include "agent/controller_link.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "adapters/system/log.h"
#include "agent/endpoint_evidence.h"
#include "base/text.h"
#include "base/version.h"
#include "core/link/host_link.h"
#include "wire/api.h"

namespace farshore::agent {

using namespace std::chrono_literals;

static_assert(core::EvidenceBook::kNewsMax <= wire::kEvidenceMax, "a report holds its evidence");

namespace {

constexpr std::size_t kAcksUnderWayMax = 128;
constexpr std::size_t kStreamPieceMax = std::size_t{1} << 20U;

std::string first_words(std::string_view text) {
    return as_utf8(text, 300);
}

// An answer to an acknowledgement that does not fit: whatever is wrong with its lists, the fence
// stands, and the controller has to know. They are told to the next one that asks.
bool leave_out_the_lists(wire::Ack& ack, int status) {
    auto* fence = std::get_if<wire::FenceAck>(&ack.body);
    if (fence == nullptr || (fence->entries.empty() && fence->proven.empty()) ||
        (status != 400 && status != 413)) {
        return false;
    }
    fence->proven.clear();
    fence->truncated = fence->truncated || !fence->entries.empty();
    fence->entries.clear();
    fence->up_to = 0;
    return true;
}

std::string no_common_version(const wire::ProtocolRange& theirs) {
    const wire::ProtocolRange ours;
    return fmt::format(
        "the controller speaks protocol versions {} to {}, this agent {} to {}: upgrade the {}",
        theirs.lowest,
        theirs.highest,
        ours.lowest,
        ours.highest,
        theirs.lowest > ours.highest ? "agent" : "controller"
    );
}

}  // namespace

ControllerLink::ControllerLink(Parts parts, std::string url)
    : parts_(std::move(parts)),
      url_(std::move(url)),
      rng_(parts_.seed),
      report_wanted_(parts_.io),
      turns_(core::link::report_every(parts_.gate.app().lease)),
      clock_watch_(core::HostMachine::Options{}.clock_error) {
    status_.url = url_;
    status_.why = "not connected yet";
}

void ControllerLink::start() {
    parts_.tasks.spawn("stream of " + url_, [this] { return run_stream(); });
    parts_.tasks.spawn("reports to " + url_, [this] { return run_reports(); });
    parts_.tasks.spawn("report wake-ups for " + url_, [this] { return run_wakeups(); });
}

net::HttpCall ControllerLink::call(std::string_view path, std::string body) const {
    return {
        .method = "POST",
        .url = url_ + std::string{path},
        .headers =
            {{"Authorization", "Bearer " + parts_.membership.token()},
             {"Content-Type", "application/json"}},
        .body = std::move(body),
        .connect_timeout = 1s,
        .total_timeout = core::link::kReportPatience,
        .body_bytes_max = 64 * 1024,
    };
}

wire::AgentHello ControllerLink::hello() const {
    const core::HostRoute route = parts_.gate.machine().route().value_or(core::HostRoute{});
    return {
        .protocol = {},
        .app = parts_.gate.app().app,
        .host = parts_.config.host,
        .region = parts_.config.region,
        .boot = parts_.boot,
        .configuration_hash = parts_.config.hash,
        .epoch = route.epoch,
        .active = route.active,
        .users = route.users
    };
}

void ControllerLink::say(std::string why) {
    if (status_.why != why) {
        system::log_warning(
            "link", why, {{"controller", url_}, {"app", parts_.gate.app().app.value()}}
        );
    }
    status_.why = std::move(why);
}

void ControllerLink::refused(int status, std::string_view body) {
    std::string text = fmt::format("the controller answers {}: {}", status, first_words(body));
    if (status == 401 || status == 403) {
        text +=
            " (is this the credential of this host, for this app? see `token` and `join` in the "
            "agent's configuration)";
        parts_.membership.refused(url_, wire::error_from(status, body).code);
    }
    say(std::move(text));
}

Duration ControllerLink::pause() {
    return core::link::hello_again_after(failures_, [this](Duration ceiling) {
        return Duration{
            static_cast<Duration::rep>(rng_.below(static_cast<std::uint64_t>(ceiling.count())))
        };
    });
}

net::Task<> ControllerLink::run_stream() {
    while (!parts_.tasks.stopping()) {
        co_await listen_once();
        status_.connected = false;
        const Duration wait = pause();
        co_await net::sleep_for(parts_.io, wait);
    }
}

net::Task<> ControllerLink::listen_once() {
    const bool ready = co_await parts_.membership.ready(url_);
    if (!ready) {
        if (!parts_.membership.why().empty()) {
            say(parts_.membership.why());
        }
        co_return;
    }
    auto incoming = std::make_shared<Incoming>();
    net::HttpCall request = call("/v1/agents/stream", serialize(hello()));
    request.total_timeout = core::link::kHelloPatience;
    std::function<bool(std::string_view)> on_bytes = [this, incoming](std::string_view bytes) {
        return take_bytes(incoming, bytes);
    };
    const Result<net::HttpReply> reply = co_await parts_.http.stream(
        std::move(request), core::link::kStreamSilenceMax, std::move(on_bytes)
    );
    if (!incoming->broken.empty()) {
        say(incoming->broken);
    } else if (!reply) {
        say(reply.error().text);
    } else if (reply->status != 200) {
        refused(reply->status, reply->body.empty() ? incoming->rest : reply->body);
    } else {
        say("the controller ended the stream");
    }
}

bool ControllerLink::take_bytes(const std::shared_ptr<Incoming>& incoming, std::string_view bytes) {
    if (bytes.size() > kStreamPieceMax || incoming->rest.size() > wire::kStreamLineBytesMax) {
        incoming->broken = "the controller's stream has a line that is too long";
        return false;
    }
    incoming->rest.append(bytes);
    std::size_t from = 0;
    while (incoming->broken.empty()) {
        const std::size_t end = incoming->rest.find('\n', from);
        if (end == std::string::npos) {
            break;
        }
        const std::string_view line = std::string_view{incoming->rest}.substr(from, end - from);
        if (!trim(line).empty()) {
            take_line(*incoming, line);
        }
        from = end + 1;
    }
    incoming->rest.erase(0, from);
    if (incoming->rest.size() > wire::kStreamLineBytesMax) {
        incoming->broken = "the controller's stream has a line that is too long";
    }
    return incoming->broken.empty();
}

void ControllerLink::take_line(Incoming& incoming, std::string_view line) {
    const Result<wire::StreamLine> parsed = wire::parse_stream_line(line);
    if (!parsed) {
        // An answer that is no stream at all (a proxy's error page) is not garbage of a controller.
        ++status_.garbage;
        incoming.broken = "the controller's stream is not understood: " + parsed.error().text;
        return;
    }
    if (const auto* refusal = std::get_if<wire::Refused>(&*parsed)) {
        incoming.broken = "the controller refused us: " + first_words(refusal->why);
        return;
    }
    if (const auto* greeting = std::get_if<wire::ControllerHello>(&*parsed)) {
        if (greeting->app != parts_.gate.app().app) {
            incoming.broken = "the controller serves app " + greeting->app.value();
        } else if (!wire::common_version(wire::ProtocolRange{}, greeting->protocol)) {
            incoming.broken = no_common_version(greeting->protocol);
        } else {
            incoming.greeted = true;
            takes_again_ = greeting->takes_again;
            whole_.reset();
            clock_watch_.forget();
            failures_ = 0;
            ++status_.connects;
            status_.connected = true;
            status_.controller = greeting->controller.value();
            status_.why.clear();
            parts_.gate.heard_from_controller();
            parts_.registration.enrolled(greeting->register_id);
            system::log_info(
                "link", "connected", {{"controller", url_}, {"app", parts_.gate.app().app.value()}}
            );
            report_soon();
        }
        return;
    }
    if (!incoming.greeted) {
        incoming.broken = "the controller sends orders before its hello";
        return;
    }
    parts_.gate.heard_from_controller();
    const auto& order = std::get<wire::Order>(*parsed);
    const auto* ping = std::get_if<wire::PingOrder>(&order.body);
    if (ping != nullptr && ping->uptime &&
        clock_watch_.has_lost_time(*ping->uptime, parts_.clock->now())) {
        parts_.gate.doubt_clock("the clock of " + status_.controller);
    }
    parts_.desk.take(order, [this](wire::Ack ack) {
        if (acks_under_way_ < kAcksUnderWayMax) {
            ++acks_under_way_;
            parts_.tasks.spawn("acknowledgement", [this, ack] { return send_ack(ack); });
        }
    });
}

net::Task<> ControllerLink::send_ack(wire::Ack ack) {
    const std::shared_ptr<void> counted(nullptr, [this](void*) { --acks_under_way_; });
    for (int attempt = 0; attempt < core::link::kAckAttempts; ++attempt) {
        net::HttpCall request = call("/v1/agents/ack", serialize(ack));
        request.total_timeout = core::link::kAckPatience;
        const Instant started = parts_.clock->now();
        const Result<net::HttpReply> reply = co_await parts_.http.fetch(std::move(request));
        if (reply && reply->status < 500) {
            if (reply->status >= 300) {
                refused(reply->status, reply->body);
                if (leave_out_the_lists(ack, reply->status)) {
                    continue;
                }
            } else {
                take_ack_answer(started, ack, reply->body);
            }
            co_return;
        }
        co_await net::sleep_for(parts_.io, core::link::ack_again_after(attempt));
    }
    system::log_warning(
        "link",
        "an acknowledgement could not be delivered",
        {{"controller", url_}, {"type", ack.type}}
    );
}

void ControllerLink::take_ack_answer(Instant started, const wire::Ack& ack, std::string_view body) {
    const std::optional<core::OrderType> type = enum_from<core::OrderType>(ack.type);
    if (!type) {
        return;
    }
    const Result<wire::AckAnswer> answer = wire::parse_ack_answer(body);
    const bool with_lease = answer && answer->lease;
    switch (core::link::after_ack(*type, with_lease)) {
        case core::link::AfterAck::nothing: break;
        case core::link::AfterAck::forget_list:
            if (const auto* fence = std::get_if<wire::FenceAck>(&ack.body)) {
                parts_.gate.endpoint().ledger()->told_up_to(fence->up_to);
            }
            break;
        case core::link::AfterAck::renew: take_lease(started, *answer->lease); break;
        case core::link::AfterAck::report: report_soon(); break;
    }
}

void ControllerLink::take_lease(Instant started, const wire::LeaseGrant& lease) {
    (void)parts_.gate.take(
        core::Confirmation{.epoch = lease.epoch, .started = started, .length = lease.length}
    );
}

net::Task<> ControllerLink::run_wakeups() {
    while (!parts_.tasks.stopping()) {
        const std::uint64_t seen = parts_.gate.confirmation_wanted().generation();
        const bool wanted = co_await parts_.gate.confirmation_wanted().wait(seen, 10s);
        if (wanted) {
            report_soon();
        }
    }
}

net::Task<> ControllerLink::run_reports() {
    while (!parts_.tasks.stopping()) {
        const std::uint64_t number = turns_.begin(parts_.clock->now());
        // A controller that has never heard our hello refuses reports.
        bool ready = status_.connects > 0 && !parts_.membership.has_to_join_at(url_);
        if (ready) {
            ready = co_await parts_.membership.ready(url_);
        }
        if (ready) {
            co_await report_once(number);
        }
        (void)turns_.end(parts_.clock->now(), number);
        while (!parts_.tasks.stopping() && parts_.clock->now() < *turns_.next()) {
            const Duration rest = *turns_.next() - parts_.clock->now();
            co_await report_wanted_.wait(report_wanted_.generation(), rest);
        }
    }
}

wire::Report ControllerLink::report(std::uint64_t number) {
    const dataplane::Statistics statistics = parts_.gate.endpoint().statistics();
    take_in(parts_.book, statistics);
    core::Ledger& ledger = *parts_.gate.endpoint().ledger();
    const core::HostAccount account = core::account_of(
        parts_.clock->now(),
        parts_.gate.machine(),
        ledger,
        parts_.prover.arrivals(),
        parts_.unknown.newest()
    );
    const auto state = enum_from<wire::WriteState>(to_string(parts_.gate.write_state()));
    return {
        .app = parts_.gate.app().app,
        .host = parts_.config.host,
        .region = parts_.config.region,
        .boot = parts_.boot,
        .sequence = number,
        .epoch = account.route.epoch,
        .active = account.route.active,
        .users = account.route.users,
        .write_state = state.value_or(wire::WriteState::unconfirmed),
        .lease_remaining = parts_.gate.lease_remaining(),
        .evidence = parts_.book.since(delivered_),
        .ledger =
            {.acknowledged = account.acknowledged,
             .unproven = account.unproven,
             .oldest_unproven = account.oldest_unproven.value_or(Duration::zero()),
             .last_acknowledged_at = ledger.counters().last_acknowledged_for_people,
             .last_acknowledged_age = account.last_acknowledged_ago,
             .whole = account.ledger_whole,
             .left_behind = account.left_behind,
             .tables = parts_.prover.troubles()},
        .in_flight_writes = statistics.in_flight_writes,
        .held = statistics.held,
        .unknown = parts_.unknown.now(),
        .client_keys_required = parts_.config.client_keys.required,
        .program = std::string{kVersion}
    };
}

net::Task<> ControllerLink::report_once(std::uint64_t number) {
    // The lease counts from here.
    const Instant started = parts_.clock->now();
    wire::Report now = report(number);
    const std::optional<wire::ReportAgain> again =
        takes_again_ && whole_ ? wire::again(*whole_, now) : std::nullopt;
    const core::EvidenceBook::Cursor told = parts_.book.now();
    net::HttpCall request = again ? call("/v1/agents/again", serialize(*again))
                                  : call("/v1/agents/report", serialize(now));
    const Result<net::HttpReply> reply = co_await parts_.http.fetch(std::move(request));
    if (!reply || reply->status != 200) {
        whole_.reset();
        turns_.may_rest(Duration::zero());
        if (again && reply && wire::error_from(reply->status, reply->body).code == "whole_first") {
            report_soon();
            co_return;
        }
        ++status_.reports_failed;
        if (reply) {
            refused(reply->status, reply->body);
        }
        co_return;
    }
    delivered_ = told;
    if (!again) {
        whole_ = std::move(now);
    }
    take_answer(started, *reply);
}

void ControllerLink::take_answer(Instant started, const net::HttpReply& reply) {
    const Result<wire::ReportAnswer> answer = wire::parse_report_answer(reply.body);
    if (!answer) {
        ++status_.reports_failed;
        say("the answer to a report is not understood: " + answer.error().text);
        return;
    }
    ++status_.reports_ok;
    parts_.gate.heard_from_controller();
    // Whatever it says: a lease is asked for again while it lasts, or would last.
    const Duration lease = answer->lease ? answer->lease->length : parts_.gate.app().lease;
    turns_.may_rest(std::min(answer->rest.value_or(Duration::zero()), lease / 3));
    if (answer->lease) {
        take_lease(started, *answer->lease);
    }
}

}  // namespace farshore::agent
