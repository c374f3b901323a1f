#include "dataplane/upstream_connection.h"

#include <limits>
#include <sys/epoll.h>
#include <utility>

#include "base/assert.h"

namespace farshore::dataplane {

namespace {

constexpr std::size_t kAnswerHeadMax = std::size_t{64} << 10U;
// The largest answers of DynamoDB are BatchGetItem's 16 MB, more as JSON.
constexpr std::uint64_t kAnswerBodyMax = std::uint64_t{64} << 20U;
// Buffers larger than this are not kept for the next request.
constexpr std::size_t kBufferKept = std::size_t{16} << 10U;

std::string malformed(http1::Rule rule) {
    return "a malformed answer: " + std::string{http1::row_of(rule).text};
}

}  // namespace

UpstreamConnection::UpstreamConnection(
    std::unique_ptr<Stream> stream, Poller& poller, std::span<char> scratch, ConnectionOwner& owner
)
    : stream_(std::move(stream)), poller_(&poller), scratch_(scratch), owner_(&owner) {}

UpstreamConnection::~UpstreamConnection() {
    close();
}

Status UpstreamConnection::begin() {
    events_ = EPOLLOUT;
    return poller_->watch(stream_->fd(), events_, *this);
}

void UpstreamConnection::want(std::uint32_t events) {
    if (events != events_) {
        events_ = events;
        poller_->change(stream_->fd(), events, *this);
    }
}

void UpstreamConnection::ready(std::uint32_t events) {
    switch (state_) {
        case State::connecting: continue_connecting(); return;
        case State::idle:
            if (!stream_->quiet()) {
                close();
                owner_->became_useless(*this);
            }
            return;
        case State::busy:
            if ((events & EPOLLOUT) != 0 && !push_out()) {
                return;
            }
            if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) == 0) {
                return;
            }
            if (!paused_) {
                pull_in();
            } else if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
                break_down("reset by the Region");
            }
            return;
        case State::closed: return;
    }
}

void UpstreamConnection::continue_connecting() {
    const IoResult result = stream_->establish();
    if (result.kind == IoResult::Kind::progress) {
        state_ = State::idle;
        want(EPOLLIN);
        owner_->connected(*this);
    } else if (result.blocked()) {
        want(result.kind == IoResult::Kind::want_read ? EPOLLIN : EPOLLOUT);
    } else {
        const std::string why = stream_->why_broken();
        close();
        owner_->connect_failed(*this, why);
    }
}

bool UpstreamConnection::usable() {
    return state_ == State::idle && stream_->quiet();
}

bool UpstreamConnection::send(std::string request, Duration within, AnswerReceiver& receiver) {
    FARSHORE_ASSERT(state_ == State::idle, "a connection carries one request at a time");
    state_ = State::busy;
    paused_ = false;
    in_body_ = false;
    answered_any_ = false;
    receiver_ = nullptr;
    out_ = std::move(request);
    out_done_ = 0;
    sent_before_ = stream_->bytes_sent();
    head_.clear();
    head_searched_ = 0;
    stream_->give_up_unacknowledged_after(within);
    const IoResult first = stream_->write(out_);
    if (first.broken() && stream_->bytes_sent() == sent_before_) {
        close();
        owner_->became_useless(*this);
        return false;
    }
    receiver_ = &receiver;
    if (first.kind == IoResult::Kind::progress) {
        out_done_ = first.bytes;
    }
    if (out_done_ < out_.size()) {
        // Also when the write broke after some bytes: the loop reports it, never the caller's
        // stack.
        want(EPOLLIN | EPOLLOUT);
    }
    return true;
}

bool UpstreamConnection::push_out() {
    while (out_done_ < out_.size()) {
        if (!receiver_->may_send_more()) {
            break_down("the permission to write ended before the request was out", true);
            return false;
        }
        const IoResult result = stream_->write(std::string_view{out_}.substr(out_done_));
        if (result.blocked()) {
            return true;
        }
        if (result.broken()) {
            break_down("sending: " + stream_->why_broken());
            return false;
        }
        out_done_ += result.bytes;
    }
    want(paused_ ? 0U : static_cast<std::uint32_t>(EPOLLIN));
    return true;
}

void UpstreamConnection::pull_in() {
    std::size_t handed_over = 0;
    while (state_ == State::busy && !paused_) {
        // A quick Region could fill the memory with what its application does not take in.
        if (handed_over >= scratch_.size()) {
            handed_over = 0;
            receiver_->answer_pauses();
            continue;
        }
        const IoResult result = stream_->read(scratch_);
        if (result.blocked()) {
            break;
        }
        if (result.broken()) {
            break_down(stream_->why_broken());
            return;
        }
        const AnswerReceiver* before = receiver_;
        handed_over += result.bytes;
        take_bytes({scratch_.data(), result.bytes});
        if (receiver_ != before) {
            return;  // ended; the connection may even carry the next request already
        }
        // A TLS stream may hold decrypted bytes that the poller knows nothing of.
        if (!stream_->encrypted() && result.bytes < scratch_.size()) {
            break;
        }
    }
    if (state_ == State::busy && receiver_ != nullptr) {
        receiver_->answer_pauses();
    }
}

bool UpstreamConnection::take_head(std::string_view& bytes) {
    head_.append(bytes);
    const std::size_t had = head_.size() - bytes.size();
    const http1::HeadEnd end = http1::find_head_end(head_, head_searched_, kAnswerHeadMax);
    if (end.refused) {
        break_down(malformed(*end.refused));
        return false;
    }
    if (!end.size) {
        return false;
    }
    bytes.remove_prefix(*end.size - had);
    head_.resize(*end.size);
    if (const auto rule = http1::parse_response_head(head_, answer_)) {
        break_down(malformed(*rule));
        return false;
    }
    return true;
}

void UpstreamConnection::take_bytes(std::string_view bytes) {
    answered_any_ = true;
    while (!in_body_) {
        if (!take_head(bytes)) {
            return;
        }
        if (answer_.status >= 200) {
            in_body_ = true;
            keep_alive_ = answer_.keep_alive;
            body_.start(answer_.body, kAnswerBodyMax);
            receiver_->answer_begins(answer_);
        }
        head_.clear();
        head_searched_ = 0;
        if (state_ == State::closed || (!in_body_ && bytes.empty())) {
            return;
        }
    }
    piece_.clear();
    const std::size_t used = body_.feed(bytes, piece_);
    if (!piece_.empty()) {
        receiver_->answer_goes_on(piece_);
    }
    if (state_ == State::closed) {
        return;
    }
    if (body_.refused()) {
        break_down(malformed(*body_.refused()));
    } else if (body_.done()) {
        // Bytes behind the answer belong to no request, and a request that is still going out makes
        // the next one unsafe.
        finish_answer(keep_alive_ && used == bytes.size() && out_done_ == out_.size());
    }
}

void UpstreamConnection::finish_answer(bool reusable) {
    AnswerReceiver* receiver = std::exchange(receiver_, nullptr);
    if (out_.capacity() > kBufferKept) {
        out_ = {};
    }
    if (piece_.capacity() > kBufferKept) {
        piece_ = {};
    }
    if (reusable) {
        state_ = State::idle;
        want(EPOLLIN);
        owner_->became_free(*this);
    } else {
        close();
        owner_->became_useless(*this);
    }
    receiver->answer_ends();
}

void UpstreamConnection::break_down(std::string why, bool by_us) {
    const Breakage breakage{
        .why = std::move(why),
        .sent_any = stream_->bytes_sent() != sent_before_,
        .answered_any = answered_any_,
        .by_us = by_us,
    };
    AnswerReceiver* receiver = std::exchange(receiver_, nullptr);
    close();
    owner_->became_useless(*this);
    if (receiver != nullptr) {
        receiver->answer_breaks(breakage);
    }
}

void UpstreamConnection::pause_reading() {
    paused_ = true;
    want(events_ & ~static_cast<std::uint32_t>(EPOLLIN));
}

void UpstreamConnection::resume_reading() {
    if (paused_ && state_ == State::busy) {
        paused_ = false;
        want(events_ | EPOLLIN);
        if (stream_->encrypted()) {
            pull_in();
        }
    }
}

void UpstreamConnection::close() {
    if (state_ == State::closed) {
        return;
    }
    if (state_ == State::idle) {
        stream_->close_in_order();
    }
    state_ = State::closed;
    receiver_ = nullptr;
    poller_->unwatch(stream_->fd(), *this);
    stream_.reset();
}

}  // namespace farshore::dataplane
