#include "agent/epoch_reader.h"

#include <utility>

#include "adapters/aws/epoch_item.h"
#include "adapters/net/dns_client.h"

namespace farshore::agent {

using namespace std::chrono_literals;

namespace {

// A refusal proves that the way there is open. One of our own, or of a name server, does not.
bool is_the_services_word(const Error& error) {
    return (error.kind == ErrorKind::not_found || error.kind == ErrorKind::denied) &&
           !error.code.empty() && !net::says_there_is_no_address(error);
}

core::EpochReader::Options options_of(const config::AgentApp& app, std::size_t copies) {
    return {
        .copies = copies, .regions = app.regions, .lease = app.lease, .rule = app.on_controller_loss
    };
}

}  // namespace

EpochReader::EpochReader(Parts parts)
    : parts_(std::move(parts)),
      dynamodb_(parts_.aws),
      regions_(parts_.registration.regions()),
      reader_(options_of(parts_.gate.app(), regions_.size()), parts_.registration.decisions()),
      answered_(parts_.io) {}

net::Task<core::CopyAnswer> EpochReader::read(RegionId region) {
    const aws::GetItem get =
        aws::read_of_epoch_item(parts_.gate.app().epoch_table, parts_.gate.app().app);
    const aws::CallOptions options = aws::once_within(core::EpochReader::kPatience);
    const Result<std::optional<aws::Item>> item = co_await dynamodb_.get_item(region, get, options);
    if (!item) {
        co_return core::CopyAnswer{
            .word = is_the_services_word(item.error()) ? core::CopyWord::refused
                                                       : core::CopyWord::not_done,
            .why = item.error().text
        };
    }
    co_return aws::copy_as_read(region, *item);
}

net::Task<> EpochReader::ask(std::uint64_t reading, RegionId region) {
    const core::CopyAnswer answer = co_await read(region);
    const core::EpochReader::Self self{
        .epoch = parts_.gate.machine().epoch(),
        .controllers_silent = parts_.gate.controllers_silent()
    };
    if (const auto input = reader_.take(parts_.clock.now(), reading, answer, self)) {
        (void)parts_.gate.take(*input);
    }
    parts_.registration.look_again();
    answered_.notify();
}

void EpochReader::count_last() {
    const core::EvidenceBook::Key control{parts_.home, core::Component::control, core::Path::fresh};
    parts_.book.count(
        control, reader_.last().connected, reader_.last().took, "most epoch records do not answer"
    );
}

net::Task<> EpochReader::run(net::TaskGroup* tasks) {
    while (!tasks->stopping()) {
        const std::uint64_t wanted = parts_.gate.confirmation_wanted().generation();
        if (const auto reading = reader_.begin(parts_.clock.now())) {
            for (const RegionId& region : regions_) {
                tasks->spawn("epoch record", [this, reading, region] {
                    return ask(*reading, region);
                });
            }
            while (reader_.is_reading()) {
                co_await answered_.wait(answered_.generation(), 100ms);
                if (parts_.gate.confirmation_wanted().generation() != wanted) {
                    reader_.want(parts_.clock.now());
                }
                reader_.give_up(parts_.clock.now());
            }
            count_last();
        }
        const bool urgent = co_await parts_.gate.confirmation_wanted().wait(
            wanted, reader_.next_deadline() - parts_.clock.now()
        );
        if (urgent) {
            reader_.want(parts_.clock.now());
            co_await net::sleep_for(parts_.io, reader_.next_deadline() - parts_.clock.now());
        }
    }
}

}  // namespace farshore::agent
