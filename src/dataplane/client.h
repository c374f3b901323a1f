#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/counters.h"
#include "dataplane/dispatcher.h"
#include "dataplane/endpoint.h"
#include "dataplane/exchange.h"
#include "dataplane/poller.h"
#include "dataplane/request_gate.h"
#include "http1/body.h"

namespace farshore::dataplane {

class Client;

class ClientOwner {
  public:
    // The connection is closed. It lives until the owner has swept.
    virtual void client_closed(Client& client) = 0;

  protected:
    ~ClientOwner() = default;
};

// One connection of an application: takes its requests off the wire one after the other, and gives
// each its answer before it looks at the next. One thread.
class Client final : public Watcher, public AnswerSink {
  public:
    struct Environment {
        Poller* poller = nullptr;
        Dispatcher* dispatcher = nullptr;
        const Limits* limits = nullptr;
        LoopCounters* counters = nullptr;
        MemoryBudget* memory = nullptr;
        MemoryBudget* unread = nullptr;
        std::span<char> scratch;
        Admission admission;
        const ports::Clock* clock = nullptr;
        const Instant* now = nullptr;
        Rng* rng = nullptr;
        ClientOwner* owner = nullptr;
    };

    // Takes the descriptor over.
    Client(int fd, const Environment& environment);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // Errors: exhausted (watches).
    [[nodiscard]] Status begin();
    // Ends connections that have been silent too long.
    void check_deadline();
    // The endpoint ends: a last look for a request, which is refused; then the connection closes as
    // soon as the application has its answer.
    void wind_down();
    void close();

    void write(std::string_view bytes) override;
    void flush() override;
    void finish(bool close) override;
    void cut() override;
    [[nodiscard]] bool congested() const override;
    [[nodiscard]] bool closes_after() const override;

  private:
    void ready(std::uint32_t events) override;
    void pull_in();
    void push_out();
    // Reads requests until more bytes are needed or one is with the dispatcher.
    void advance();
    void count_waiting();
    // True: it can go on with what is in the buffer.
    bool read_head();
    bool read_body();
    void submit();
    void answer_discovery();
    void refuse(http1::Rule rule);
    void refuse(const Refusal& refusal);
    void answer_and_end(OwnAnswer which, const AnswerOptions& options);
    void begin_to_end();
    void reset();
    void want_events();
    void deadline_in(Duration duration);

    Environment environment_;
    int fd_;
    std::uint32_t events_ = 0;
    bool input_ended_ = false;
    bool ending_ = false;     // no further request; closes when the answer is out
    bool lingering_ = false;  // answer out, waiting for the other side to close
    bool advancing_ = false;
    std::string in_;
    std::size_t searched_ = 0;
    MemoryShare waiting_;  // of in_
    std::string out_;
    std::size_t out_done_ = 0;
    MemoryShare unread_;                  // of out_
    std::unique_ptr<Exchange> building_;  // its head is read
    http1::BodyReader body_;
    Exchange* current_ = nullptr;  // with the dispatcher
    bool current_closes_ = false;
    Instant deadline_ = Instant::max();
};

}  // namespace farshore::dataplane
