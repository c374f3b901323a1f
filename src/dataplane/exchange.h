#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/time.h"

#include "dataplane/memory_budget.h"
#include "dataplane/operation.h"
#include "dataplane/route_word.h"
#include "dataplane/upstream_connection.h"
#include "http1/head.h"

namespace farshore::dataplane {

class Dispatcher;
struct Exchange;

// The application's side of a request: takes the bytes of the answer. Calls for an exchange stop
// when finish() or cut() has been called.
class AnswerSink {
  public:
    virtual void write(std::string_view bytes) = 0;
    virtual void flush() = 0;
    virtual void finish(bool close) = 0;
    // The answer cannot be completed; the application must notice.
    virtual void cut() = 0;
    // More is waiting for the application than it should be.
    [[nodiscard]] virtual bool congested() const = 0;
    [[nodiscard]] virtual bool closes_after() const = 0;  // the application asked for it

  protected:
    ~AnswerSink() = default;
};

// A ReturnValues that the application gave and the agent replaced.
enum class Learning { none, asked_by_us, asked_by_client };

// One request of an application on its way through the endpoint. Never moves in memory: the views
// of `request` point into `head`.
struct Exchange final : public AnswerReceiver {
    Exchange(Dispatcher& owner, MemoryBudget& budget) : memory(budget), dispatcher(&owner) {}

    // All bytes that are held for it, a copy on its way included.
    [[nodiscard]] std::size_t bytes_held() const {
        return head.size() + body.size() + asked_body.size() + bytes_sending + answer_head.size() +
               answer_body.size();
    }

    MemoryShare memory;

    // The request as received.
    std::string head;
    http1::RequestHead request;
    std::string body;
    Operation operation;

    // Its way.
    Dispatcher* dispatcher;
    AnswerSink* sink = nullptr;  // null: the application has gone
    std::uint64_t number = 0;    // order of arrival
    std::uint64_t send_number = 0;
    Instant arrived_at{};
    // Moved on by the time that the answer waited for the application: what has passed since then
    // is the Region's.
    Instant sent_at{};
    std::optional<Instant> waits_for_client_since;
    Duration waited_for_client{};  // before that
    RegionIndex region = 0;
    Epoch epoch;
    UpstreamConnection* connection = nullptr;
    bool retried = false;
    bool signed_again = false;
    Learning learning = Learning::none;
    std::string asked_body;  // what is sent instead of `body`, when asked_by_us
    std::string payload_hash;
    std::size_t bytes_sending = 0;  // of the signed copy that its connection holds

    // The answer. A buffered one is complete before the application gets its first byte.
    bool buffered = false;
    bool began = false;
    bool chunked = false;
    int status = 0;
    std::optional<UtcTime> answered_at;  // by the Region's clock, when it refused
    std::string answer_head;             // status line and headers, without framing
    std::string answer_body;             // when buffered

    void answer_begins(const http1::ResponseHead& answer) override;
    void answer_goes_on(std::string_view bytes) override;
    void answer_pauses() override;
    void answer_ends() override;
    void answer_breaks(const Breakage& breakage) override;
    [[nodiscard]] bool may_send_more() override;
};

// The application has taken bytes again.
void sink_has_room(Exchange& exchange);

// What may run out is counted apart for the two: reads that their applications do not take in must
// not keep a write waiting.
enum class Kind : std::uint8_t { read, write };
inline constexpr std::array kKinds{Kind::write, Kind::read};

[[nodiscard]] inline Kind kind_of(const Exchange& exchange) {
    return needs_permission(exchange.operation.kind) ? Kind::write : Kind::read;
}

}  // namespace farshore::dataplane
