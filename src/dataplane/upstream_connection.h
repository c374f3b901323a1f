#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/time.h"

#include "dataplane/poller.h"
#include "dataplane/stream.h"
#include "http1/body.h"

namespace farshore::dataplane {

// How a request on an upstream connection ended without a whole answer.
struct Breakage {
    std::string why;
    bool sent_any = false;      // at least a byte of the request is out: a write may take effect
    bool answered_any = false;  // at least a byte of the answer came
    bool by_us = false;         // says nothing about the Region
};

// The object that waits for the answer to one request.
class AnswerReceiver {
  public:
    virtual void answer_begins(const http1::ResponseHead& head
    ) = 0;  // views are valid during the call only
    virtual void answer_goes_on(std::string_view bytes) = 0;
    // The bytes that have arrived so far are all handed over.
    virtual void answer_pauses() = 0;
    // The connection is free again before this is called.
    virtual void answer_ends() = 0;
    // The connection is closed before this is called.
    virtual void answer_breaks(const Breakage& breakage) = 0;

    // May the rest of a request that is partly out still follow?
    [[nodiscard]] virtual bool may_send_more() { return true; }

  protected:
    ~AnswerReceiver() = default;
};

class UpstreamConnection;

class ConnectionOwner {
  public:
    virtual void connected(UpstreamConnection& connection) = 0;
    virtual void connect_failed(UpstreamConnection& connection, std::string_view why) = 0;
    virtual void became_free(UpstreamConnection& connection) = 0;
    // Not usable any more. It lives until the owner has swept.
    virtual void became_useless(UpstreamConnection& connection) = 0;

  protected:
    ~ConnectionOwner() = default;
};

// One connection to a Region: connects, then carries one request after the other. One thread.
class UpstreamConnection final : public Watcher {
  public:
    enum class State { connecting, idle, busy, closed };

    UpstreamConnection(
        std::unique_ptr<Stream> stream,
        Poller& poller,
        std::span<char> scratch,
        ConnectionOwner& owner
    );
    ~UpstreamConnection();
    UpstreamConnection(const UpstreamConnection&) = delete;
    UpstreamConnection& operator=(const UpstreamConnection&) = delete;

    // Errors: exhausted (watches).
    [[nodiscard]] Status begin();

    [[nodiscard]] State state() const { return state_; }

    [[nodiscard]] bool usable();  // idle, and the other side has not closed

    // Sends a request; idle only. What the Region has not acknowledged `within` is given up. False:
    // the connection turned out to be closed and not a byte was sent, so that the request can go
    // elsewhere; the receiver is not called then.
    [[nodiscard]] bool send(std::string request, Duration within, AnswerReceiver& receiver);

    void set_owner(ConnectionOwner& owner) { owner_ = &owner; }

    void pause_reading();
    void resume_reading();

    // Ends it now, with a reset when a request is under way. The receiver is not called.
    void close();

    Instant since;  // begin of the present state; kept by the owner

  private:
    void ready(std::uint32_t events) override;
    void continue_connecting();
    // False: the connection is broken, and its receiver and owner have been told.
    bool push_out();
    void pull_in();
    void take_bytes(std::string_view bytes);
    bool take_head(std::string_view& bytes);
    void finish_answer(bool reusable);
    void break_down(std::string why, bool by_us = false);
    void want(std::uint32_t events);

    std::unique_ptr<Stream> stream_;
    Poller* poller_;
    std::span<char> scratch_;
    ConnectionOwner* owner_;
    State state_ = State::connecting;
    std::uint32_t events_ = 0;
    bool paused_ = false;
    bool keep_alive_ = true;
    bool in_body_ = false;
    bool answered_any_ = false;
    AnswerReceiver* receiver_ = nullptr;
    std::string out_;
    std::size_t out_done_ = 0;
    std::uint64_t sent_before_ = 0;
    std::string head_;
    std::size_t head_searched_ = 0;
    http1::ResponseHead answer_;
    http1::BodyReader body_;
    std::string piece_;
};

}  // namespace farshore::dataplane
