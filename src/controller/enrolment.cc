#include "controller/enrolment.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace farshore::controller {

net::Task<Status> Enrolment::enter(std::vector<ports::Change> changes) {
    if (changes.empty()) {
        co_return Status{};
    }
    if (gathered_.waiting.empty()) {
        tasks_.spawn("enroll hosts", [this] { return commit(); });
    }
    std::ranges::move(changes, std::back_inserter(gathered_.commit.changes));
    const net::Later<Status> later{io_};
    gathered_.waiting.push_back(later);
    std::optional<Status> entered = co_await later.get();
    if (!entered) {
        co_return std::unexpected(Error{
            .kind = ErrorKind::cancelled,
            .effect = Effect::possible,
            .text = "the controller ends, and the store has not answered"
        });
    }
    co_return std::move(*entered);
}

net::Task<> Enrolment::commit() {
    constexpr Duration kGather = std::chrono::milliseconds{10};
    const bool slept = co_await net::sleep_for(io_, kGather);
    static_cast<void>(slept);  // the hosts are answered in either case
    Gathered gathered = std::exchange(gathered_, {});
    desk_.commit(
        std::move(gathered.commit),
        [waiting = std::move(gathered.waiting)](const ports::CommitAnswer& answer) {
            for (const net::Later<Status>& each : waiting) {
                each.set(status_of(answer));
            }
        }
    );
}

}  // namespace farshore::controller
