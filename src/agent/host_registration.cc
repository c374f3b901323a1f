#include "agent/host_registration.h"

#include <algorithm>
#include <utility>

#include "adapters/system/log.h"
#include "base/text.h"
#include "wire/host_record.h"

namespace farshore::agent {

using namespace std::chrono_literals;

namespace {

constexpr Duration kPatience = 700ms;
// A controller that is there answers a hello long before.
constexpr Duration kControllersFirst = 500ms;
constexpr Duration kRetry = 1s;
// An operator may have taken us out of the register by mistake; we put ourselves back.
constexpr Duration kRenewEvery = 60s;

}  // namespace

HostRegistration::HostRegistration(Parts parts)
    : parts_(std::move(parts)),
      dynamodb_(parts_.aws),
      regions_(parts_.app.regions),
      started_at_(parts_.clock.now()),
      wanted_signal_(parts_.io),
      round_changed_(parts_.io) {
    const RegionId& witness = parts_.app.witness;
    if (witness != RegionId{} && std::ranges::find(regions_, witness) == regions_.end()) {
        regions_.push_back(witness);
    }
}

void HostRegistration::enrolled(const std::string& register_id) {
    if (!by_hello_ || by_hello_->register_id != register_id) {
        by_hello_ = Known{.register_id = register_id, .since = parts_.clock.now()};
        wanted_signal_.notify();
    }
}

bool HostRegistration::covers(const std::string& register_id, Instant started) const {
    return std::ranges::any_of(std::array{&by_hello_, &by_ourselves_}, [&](const auto* known) {
        return !register_id.empty() && *known && (*known)->register_id == register_id &&
               started >= (*known)->since;
    });
}

void HostRegistration::want(const std::string& register_id) {
    const bool known = (by_hello_ && by_hello_->register_id == register_id) ||
                       (by_ourselves_ && by_ourselves_->register_id == register_id);
    if (!known && wanted_ != register_id) {
        wanted_ = register_id;
        wanted_signal_.notify();
    }
}

std::string HostRegistration::state() const {
    return by_hello_ ? "by hello" : by_ourselves_ ? "by itself" : "";
}

net::Task<> HostRegistration::put(
    std::shared_ptr<Round> round, RegionId region, std::string register_id
) {
    aws::PutItem put{.table = parts_.app.epoch_table};
    put.item["app"] =
        aws::string_attribute(wire::host_record_key(parts_.app.app, parts_.name.text()));
    put.item["host"] = aws::string_attribute(parts_.host.value());
    put.item["region"] = aws::string_attribute(parts_.home.value());
    put.item["boot"] = aws::string_attribute(parts_.boot.value());
    put.item["register"] = aws::string_attribute(register_id);
    put.item["at"] = aws::string_attribute(to_iso8601(parts_.clock.wall()));
    const aws::CallOptions options{
        .connect_timeout = kPatience,
        .total_timeout = kPatience,
        .attempts_max = 1,
        .idempotent = true
    };
    const auto written = co_await dynamodb_.put_item(region, put, options);
    ++round->ended;
    round->done += written ? 1 : 0;
    if (!written) {
        round->why = region.value() + ": " + written.error().text;
    }
    round_changed_.notify();
}

net::Task<> HostRegistration::take_back(std::shared_ptr<Round> round, RegionId region) {
    aws::DeleteItem erase{.table = parts_.app.epoch_table};
    erase.key["app"] =
        aws::string_attribute(wire::host_record_key(parts_.app.app, parts_.name.text()));
    const aws::CallOptions options{
        .connect_timeout = kPatience, .total_timeout = kPatience, .attempts_max = 1
    };
    const auto erased = co_await dynamodb_.delete_item(region, erase, options);
    ++round->ended;
    round->done += erased ? 1 : 0;
    round_changed_.notify();
}

net::Task<bool> HostRegistration::everywhere(
    net::TaskGroup* tasks, bool add, std::string register_id
) {
    auto round = std::make_shared<Round>();
    if (parts_.name.text().empty()) {
        round->ended = regions_.size();
        round->why = parts_.name.why();
    }
    for (const RegionId& region : round->ended == 0 ? regions_ : std::vector<RegionId>{}) {
        tasks->spawn("host record", [this, round, region, register_id, add] {
            return add ? put(round, region, register_id) : take_back(round, region);
        });
    }
    const std::size_t majority = regions_.size() / 2 + 1;
    const Instant until = parts_.clock.now() + kPatience + 200ms;
    while (round->done < majority && round->ended < regions_.size() && parts_.clock.now() < until) {
        co_await round_changed_.wait(round_changed_.generation(), 100ms);
    }
    if (add && round->done < majority) {
        system::log_warning(
            "register",
            "this host could not register itself: until a controller answers, the epoch records "
            "do not let it write",
            {{"app", parts_.app.app.value()},
             {"why", round->why},
             {"remedy",
              "the agent's role needs dynamodb:PutItem on " + parts_.app.epoch_table.value()}}
        );
    }
    co_return round->done >= majority;
}

net::Task<> HostRegistration::run(net::TaskGroup* tasks) {
    co_await net::sleep_for(parts_.io, kControllersFirst);
    while (!tasks->stopping()) {
        const std::uint64_t seen = wanted_signal_.generation();
        Duration rest = kRenewEvery;
        if (by_hello_ && by_ourselves_) {
            // The store knows us now; what we wrote has done its work.
            by_ourselves_.reset();
            wanted_.reset();
            static_cast<void>(co_await everywhere(tasks, false, ""));
        } else if (wanted_ && (!by_hello_ || by_hello_->register_id != *wanted_)) {
            const std::string register_id = *wanted_;
            const bool done = co_await everywhere(tasks, true, register_id);
            if (done && (!by_ourselves_ || by_ourselves_->register_id != register_id)) {
                by_ourselves_ = Known{.register_id = register_id, .since = parts_.clock.now()};
                system::log_info(
                    "register", "this host registered itself", {{"app", parts_.app.app.value()}}
                );
                parts_.registered.notify();
            }
            rest = done ? kRenewEvery : kRetry;
        }
        co_await wanted_signal_.wait(seen, rest);
    }
}

}  // namespace farshore::agent
