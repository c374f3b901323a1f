#include "dataplane/client.h"

#include <algorithm>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace farshore::dataplane {

namespace {

// More than this unread by the application, and the Region is asked to wait.
constexpr std::size_t kCongestedAt = std::size_t{256} << 10U;
// While a request is under way nothing is read once so much has been sent behind it. Reading at all
// shows when the application leaves.
constexpr std::size_t kReadAheadMax = std::size_t{16} << 10U;
// A buffer that is larger than this is no larger than what it holds asks for.
constexpr std::size_t kBufferKept = 256;
// Until a client that was refused has read why. Closing at once could destroy the answer on its
// way.
constexpr Duration kLinger = std::chrono::seconds{2};

void shrink(std::string& buffer) {
    if (buffer.capacity() > kBufferKept && buffer.capacity() / 2 > buffer.size()) {
        buffer.shrink_to_fit();
    }
}

}  // namespace

Client::Client(int fd, const Environment& environment)
    : environment_(environment),
      fd_(fd),
      waiting_(*environment.memory),
      unread_(*environment.unread) {
    deadline_in(environment_.limits->client_idle_max);
}

Client::~Client() {
    close();
}

Status Client::begin() {
    events_ = EPOLLIN;
    return environment_.poller->watch(fd_, events_, *this);
}

void Client::deadline_in(Duration duration) {
    deadline_ = *environment_.now + duration;
}

void Client::close() {
    if (fd_ < 0) {
        return;
    }
    environment_.poller->unwatch(fd_, *this);
    ::close(std::exchange(fd_, -1));
    building_.reset();
    if (Exchange* exchange = std::exchange(current_, nullptr)) {
        environment_.dispatcher->abandon(*exchange);
    }
    environment_.owner->client_closed(*this);
}

void Client::cut() {
    current_ = nullptr;
    reset();
}

void Client::reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
}

void Client::check_deadline() {
    if (fd_ < 0 || *environment_.now < deadline_) {
        return;
    }
    if (building_ != nullptr || (!in_.empty() && current_ == nullptr && !ending_)) {
        answer_and_end(
            OwnAnswer::not_understood,
            {.close = true, .detail = "The request did not arrive in time.", .status = 408}
        );
        return;
    }
    close();
}

void Client::wind_down() {
    if (fd_ >= 0 && !input_ended_ && !ending_) {
        pull_in();
    }
    if (fd_ < 0 || ending_) {
        return;
    }
    if (building_ != nullptr || !in_.empty()) {
        answer_and_end(OwnAnswer::stopping, {.close = true});
    } else if (out_done_ < out_.size()) {
        ending_ = true;
    } else {
        close();
    }
}

void Client::want_events() {
    std::uint32_t wanted = out_done_ < out_.size() ? static_cast<std::uint32_t>(EPOLLOUT) : 0U;
    const bool room =
        lingering_ || (!ending_ && (current_ == nullptr || in_.size() < kReadAheadMax));
    if (!input_ended_ && room) {
        wanted |= EPOLLIN;
    }
    if (wanted != events_) {
        events_ = wanted;
        environment_.poller->change(fd_, wanted, *this);
    }
}

void Client::ready(std::uint32_t events) {
    if ((events & EPOLLOUT) != 0) {
        push_out();
    }
    if (fd_ >= 0 && (events & EPOLLIN) != 0) {
        pull_in();
    } else if (fd_ >= 0 && (events & (EPOLLHUP | EPOLLERR)) != 0) {
        close();
    }
}

void Client::pull_in() {
    const std::size_t ahead = current_ == nullptr ? 0 : in_.size();
    const std::size_t most = current_ == nullptr ? environment_.scratch.size() : kReadAheadMax;
    if (ahead >= most) {
        return;
    }
    const ssize_t got = ::recv(fd_, environment_.scratch.data(), most - ahead, 0);
    if (got < 0) {
        if (errno != EAGAIN && errno != EINTR) {
            close();
        }
        return;
    }
    if (got == 0) {
        // A request that is under way still gets its answer: only this direction may have ended.
        // One that was not sent yet ends with its application: no SDK half-closes, so no client
        // would read its answer.
        input_ended_ = true;
        const bool unsent = current_ != nullptr && current_->connection == nullptr;
        if (unsent || (current_ == nullptr && out_done_ == out_.size())) {
            close();
        } else {
            ending_ = ending_ || current_ == nullptr;
            want_events();
        }
        return;
    }
    if (lingering_ || ending_) {
        return;
    }
    if (in_.empty() && building_ == nullptr && current_ == nullptr) {
        deadline_in(environment_.limits->client_stalled_max);
    }
    in_.append(environment_.scratch.data(), static_cast<std::size_t>(got));
    advance();
    if (fd_ >= 0) {
        want_events();
    }
}

void Client::advance() {
    if (advancing_) {
        return;
    }
    advancing_ = true;
    while (fd_ >= 0 && !ending_ && current_ == nullptr &&
           (building_ == nullptr ? read_head() : read_body())) {
    }
    advancing_ = false;
    if (fd_ >= 0) {
        count_waiting();
    }
    if (fd_ < 0 || current_ != nullptr || ending_) {
        return;
    }
    const bool idle = building_ == nullptr && in_.empty();
    if (idle && input_ended_) {
        begin_to_end();
        return;
    }
    if (out_done_ == out_.size() && (idle || deadline_ == Instant::max())) {
        deadline_in(
            idle ? environment_.limits->client_idle_max : environment_.limits->client_stalled_max
        );
    }
}

// What stays in the buffer waits for the rest of its head, or for the answer to the request before
// it. Like bodies that come slowly, it leaves room for requests that are there as a whole.
void Client::count_waiting() {
    if (ending_) {
        in_.clear();
    }
    shrink(in_);
    if (waiting_.fit(in_.empty() ? 0 : in_.capacity(), waiting_.most() / 4)) {
        return;
    }
    if (current_ == nullptr) {
        answer_and_end(OwnAnswer::overloaded, {.close = true});
    } else {
        // The application learns from the end of the connection that nothing behind the request
        // under way was looked at.
        ending_ = true;
        current_closes_ = true;
    }
    in_.clear();
    shrink(in_);
    waiting_.take(0);
}

bool Client::read_head() {
    if (in_.empty()) {
        return false;
    }
    const http1::HeadEnd end =
        http1::find_head_end(in_, searched_, environment_.limits->head_bytes_max);
    if (end.refused) {
        refuse(*end.refused);
        return false;
    }
    if (!end.size) {
        return false;
    }
    searched_ = 0;
    building_ = std::make_unique<Exchange>(*environment_.dispatcher, *environment_.memory);
    building_->head = in_.substr(0, *end.size);
    in_.erase(0, *end.size);
    if (const auto rule = http1::parse_request_head(building_->head, building_->request)) {
        refuse(*rule);
        return false;
    }
    if (const auto refusal = narrow(building_->request)) {
        answer_and_end(OwnAnswer::not_understood, *refusal);
        return false;
    }
    body_.start(building_->request.body, environment_.limits->body_bytes_max);
    if (body_.refused()) {
        refuse(*body_.refused());
        return false;
    }
    if (building_->request.expects_continue && in_.empty()) {
        write("HTTP/1.1 100 Continue\r\n\r\n");
        flush();
    }
    return fd_ >= 0;
}

bool Client::read_body() {
    const std::size_t used = body_.feed(in_, building_->body);
    in_.erase(0, used);
    if (body_.refused()) {
        refuse(*body_.refused());
        return false;
    }
    // Large bodies that come slowly leave room for requests that are there as a whole.
    const std::size_t kept_free = body_.done() ? 0 : building_->memory.most() / 4;
    if (!building_->memory.fit(building_->bytes_held(), kept_free)) {
        answer_and_end(OwnAnswer::overloaded, {.close = true});
        return false;
    }
    if (!body_.done()) {
        // A large body that keeps coming may take longer than a small one that does not.
        if (used >= environment_.scratch.size() / 4) {
            deadline_in(environment_.limits->client_stalled_max);
        }
        return false;
    }
    submit();
    return true;
}

void Client::submit() {
    if (auto refusal = admit(*building_, environment_.admission, environment_.clock->wall())) {
        refuse(*refusal);
        return;
    }
    if (building_->operation.kind == OperationClass::discovery) {
        answer_discovery();
        return;
    }
    deadline_ = Instant::max();
    current_ = building_.get();
    current_closes_ = !building_->request.keep_alive;
    building_->sink = this;
    environment_.dispatcher->submit(std::move(building_));
}

void Client::answer_discovery() {
    environment_.counters->discovery.add();
    const bool close = !building_->request.keep_alive;
    write(discovery_answer(
        http1::find_field(building_->request.fields, "host").value_or(""), *environment_.rng, close
    ));
    building_.reset();
    ending_ = close;
    flush();
}

// A request that is framed properly but is none of DynamoDB's: the connection stays usable.
void Client::refuse(const Refusal& refusal) {
    environment_.counters->refused_requests.add();
    if (refusal.answer == OwnAnswer::foreign) {
        environment_.counters->refused_foreign.add();
    }
    const bool close = !building_->request.keep_alive;
    building_.reset();
    write(own_answer(
        refusal.answer,
        *environment_.rng,
        {.close = close, .detail = refusal.detail, .code = refusal.code}
    ));
    ending_ = close;
    flush();
}

// After bad framing it is unknown where the next request begins.
void Client::refuse(http1::Rule rule) {
    const http1::RuleRow& row = http1::row_of(rule);
    const std::string detail = "Malformed HTTP: " + std::string{row.text} + ".";
    answer_and_end(
        OwnAnswer::not_understood, {.close = true, .detail = detail, .status = row.status}
    );
}

void Client::answer_and_end(OwnAnswer which, const AnswerOptions& options) {
    environment_.counters->refused_requests.add();
    building_.reset();
    in_.clear();
    write(own_answer(which, *environment_.rng, options));
    ending_ = true;
    flush();
}

void Client::write(std::string_view bytes) {
    out_ += bytes;
}

void Client::flush() {
    if (fd_ >= 0) {
        push_out();
    }
}

void Client::push_out() {
    bool progress = false;
    while (out_done_ < out_.size()) {
        const ssize_t sent =
            ::send(fd_, out_.data() + out_done_, out_.size() - out_done_, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EAGAIN || errno == EINTR) {
                break;
            }
            close();
            return;
        }
        out_done_ += static_cast<std::size_t>(sent);
        progress = true;
    }
    // An answer that is read slowly is never out as a whole before the next part of it comes.
    if (out_done_ >= out_.size() - out_done_) {
        out_.erase(0, std::exchange(out_done_, 0));
        shrink(out_);
    }
    if (!unread_.fit(out_.size())) {
        reset();
        return;
    }
    if (out_.empty()) {
        if (current_ != nullptr) {
            deadline_ = Instant::max();
        } else if (ending_) {
            begin_to_end();
            return;
        }
    } else if (progress || deadline_ == Instant::max()) {
        deadline_in(environment_.limits->client_stalled_max);
    }
    if (current_ != nullptr && !congested()) {
        sink_has_room(*current_);
    }
    if (fd_ >= 0) {
        want_events();
    }
}

void Client::begin_to_end() {
    if (lingering_) {
        return;
    }
    ending_ = true;
    if (input_ended_) {
        close();
        return;
    }
    lingering_ = true;
    ::shutdown(fd_, SHUT_WR);
    deadline_in(kLinger);
    want_events();
}

void Client::finish(bool close) {
    current_ = nullptr;
    ending_ = ending_ || close || (input_ended_ && in_.empty());
    flush();
    if (fd_ >= 0 && !ending_) {
        advance();
        if (fd_ >= 0) {
            want_events();
        }
    }
}

bool Client::congested() const {
    return out_.size() - out_done_ > kCongestedAt;
}

bool Client::closes_after() const {
    return current_closes_;
}

}  // namespace farshore::dataplane
