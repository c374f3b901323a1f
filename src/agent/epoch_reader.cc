#include "agent/epoch_reader.h"

#include <algorithm>
#include <utility>

#include "adapters/aws/epoch_item.h"
#include "adapters/net/dns_client.h"

namespace farshore::agent {

using namespace std::chrono_literals;

namespace {

constexpr Duration kEveryMax = 1s;
// Long enough for a reading across an ocean with a lost packet, short enough to leave most of a
// lease.
constexpr Duration kPatience = 700ms;
// A host that is asked to confirm again and again does not flood the record tables.
constexpr Duration kPauseMin = 100ms;

// A refusal proves that the way there is open. One of our own, or of a name server, does not.
bool is_the_services_word(const Error& error) {
    return (error.kind == ErrorKind::not_found || error.kind == ErrorKind::denied) &&
           !error.code.empty() && !net::says_there_is_no_address(error);
}

}  // namespace

EpochReader::EpochReader(
    net::Io& io,
    const ports::Clock& clock,
    aws::AwsClient& aws,
    AppGate& gate,
    EvidenceBook& book,
    HostRegistration& registration,
    RegionId home
)
    : io_(&io),
      clock_(&clock),
      dynamodb_(aws),
      gate_(&gate),
      book_(&book),
      registration_(&registration),
      home_(std::move(home)),
      regions_(gate.app().regions),
      round_changed_(io) {
    const RegionId& witness = gate.app().witness;
    if (witness != RegionId{} && std::ranges::find(regions_, witness) == regions_.end()) {
        regions_.push_back(witness);
    }
    seen_.configured = regions_.size();
}

net::Task<> EpochReader::ask(std::shared_ptr<Round> round, RegionId region) {
    const aws::GetItem get = aws::read_of_epoch_item(gate_->app().epoch_table, gate_->app().app);
    const aws::CallOptions options{
        .connect_timeout = kPatience, .total_timeout = kPatience, .attempts_max = 1
    };
    const Result<std::optional<aws::Item>> item = co_await dynamodb_.get_item(region, get, options);
    ++round->ended;
    if (item) {
        ++round->reached;
        auto copy = *item ? aws::parse_epoch_item(**item) : core::EpochItem{};
        if (copy) {
            round->answers.push_back(std::move(*copy));
        }
    } else if (is_the_services_word(item.error())) {
        ++round->reached;
    }
    judge(*round);
    round_changed_.notify();
}

// Records that do not know us confirm nothing: a fence by them would not wait for us. With `keep`
// no lease protects anything, and with `fence` no agent takes permission from the records.
bool EpochReader::know_us(const core::EpochItem& agreed, Instant started) {
    const std::string& register_id = agreed.register_id;
    const bool known = gate_->app().on_controller_loss != config::OnControllerLoss::verify ||
                       registration_->covers(register_id, started);
    if (!known && !register_id.empty()) {
        registration_->want(register_id);
    }
    return known;
}

void EpochReader::judge(Round& round) {
    if (round.decided) {
        return;
    }
    const core::EpochVerdict verdict = core::judge(round.answers, regions_.size());
    const auto& regions = gate_->app().regions;
    const bool whole = round.ended == regions_.size();
    const bool known =
        verdict.agreed && std::ranges::find(regions, verdict.agreed->active) != regions.end();
    const bool beyond_us = verdict.at_least > gate_->machine().epoch();
    // A record that names no lease, or another register, may be the one that no majority needs.
    const bool usable = known && (verdict.is_enough() || beyond_us || whole);
    if (usable) {
        round.decided = true;
        seen_.agreed = verdict.agreed;
        (void)gate_->take(core::RecordsAgree{
            .epoch = verdict.agreed->epoch,
            .active = verdict.agreed->active,
            .started = round.started,
            .controllers_silent = gate_->controllers_silent(),
            .terms = verdict.agreed->terms,
            .know_us = know_us(*verdict.agreed, round.started)
        });
    } else if (beyond_us && (verdict.agreed.has_value() || whole)) {
        // They are all different, or name a Region that we cannot follow to; yet most are beyond
        // us.
        round.decided = true;
        (void)gate_->take(core::NewerSeen{verdict.at_least});
    }
}

net::Task<> EpochReader::run(net::TaskGroup* tasks) {
    while (!tasks->stopping()) {
        const std::uint64_t wanted = gate_->confirmation_wanted().generation();
        auto round = std::make_shared<Round>();
        round->started = clock_->now();
        for (const RegionId& region : regions_) {
            tasks->spawn("epoch record", [this, round, region] { return ask(round, region); });
        }
        while (round->ended < regions_.size() && clock_->now() < round->started + kPatience + 200ms
        ) {
            // A silent Region does not delay what is urgent.
            if (round->decided && gate_->confirmation_wanted().generation() != wanted) {
                break;
            }
            co_await round_changed_.wait(round_changed_.generation(), 100ms);
        }
        seen_.answered = round->answers.size();
        // A host that cannot reach most of the epoch tables should suspect itself, not a Region.
        const bool connected = round->reached >= regions_.size() / 2 + 1;
        const EvidenceBook::Key control{
            home_, wire::EvidenceComponent::control, wire::EvidencePath::fresh
        };
        book_->count(
            control, connected, clock_->now() - round->started, "most epoch records do not answer"
        );
        co_await net::sleep_for(*io_, kPauseMin);
        // Three chances per lease.
        const Duration every = std::min<Duration>(kEveryMax, gate_->app().lease / 3);
        const Duration rest = round->started + every - clock_->now();
        co_await gate_->confirmation_wanted().wait(wanted, rest);
    }
}

}  // namespace farshore::agent
