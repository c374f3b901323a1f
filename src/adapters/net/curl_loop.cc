#include "adapters/net/curl_loop.h"

#include <chrono>
#include <csignal>
#include <unistd.h>
#include <utility>

#include "base/assert.h"

namespace farshore::net {

namespace {

using Descriptor = boost::asio::posix::basic_stream_descriptor<Io::executor_type>;

void start_libcurl() {
    static const bool kStarted = [] {
        // TLS libraries write to sockets without MSG_NOSIGNAL; a broken connection is an error code
        // here.
        std::signal(SIGPIPE, SIG_IGN);
        return curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK;
    }();
    FARSHORE_ASSERT(kStarted, "libcurl initialises");
}

}  // namespace

struct CurlLoop::Watch {
    Watch(Io& io, curl_socket_t socket) : fd(socket), descriptor(io.get_executor()) {
        boost::system::error_code ignored;
        descriptor.assign(socket, ignored);
    }

    ~Watch() { let_go(); }

    // The descriptor belongs to libcurl, which may close it or watch it anew directly after.
    void let_go() {
        if (descriptor.is_open()) {
            descriptor.release();
        }
    }

    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    curl_socket_t fd;
    Descriptor descriptor;
    bool wants_read = false;
    bool wants_write = false;
    bool waits_read = false;
    bool waits_write = false;
};

std::shared_ptr<CurlLoop> CurlLoop::create(Io& io, long connections_max) {
    start_libcurl();
    return std::shared_ptr<CurlLoop>(new CurlLoop(io, connections_max));
}

CurlLoop::CurlLoop(Io& io, long connections_max)
    : io_(io), multi_(curl_multi_init()), timer_(io.get_executor()) {
    FARSHORE_ASSERT(multi_ != nullptr, "memory for libcurl");
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlLoop::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlLoop::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections_max);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, connections_max);
}

CurlLoop::~CurlLoop() {
    FARSHORE_ASSERT(transfers_.empty(), "each transfer keeps the loop");
    curl_multi_cleanup(multi_);
}

bool CurlLoop::add(CURL* easy, CurlTransfer& transfer) {
    FARSHORE_ASSERT(!in_callback_, "libcurl is not called from its callbacks");
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &CurlLoop::on_close);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
    if (curl_multi_add_handle(multi_, easy) != CURLM_OK) {
        return false;
    }
    transfers_[easy] = &transfer;
    return true;
}

void CurlLoop::remove(CURL* easy) {
    FARSHORE_ASSERT(!in_callback_, "libcurl is not called from its callbacks");
    if (transfers_.erase(easy) > 0) {
        curl_multi_remove_handle(multi_, easy);
    }
}

int CurlLoop::on_socket(CURL* /*easy*/, curl_socket_t fd, int what, void* self, void* /*watch*/) {
    auto* loop = static_cast<CurlLoop*>(self);
    if (what == CURL_POLL_REMOVE) {
        loop->forget(fd);
    } else {
        loop->watch(fd, what);
    }
    return 0;
}

int CurlLoop::on_timer(CURLM* /*multi*/, long timeout_ms, void* self) {
    auto* loop = static_cast<CurlLoop*>(self);
    if (timeout_ms < 0) {
        loop->timer_.cancel();
        return 0;
    }
    loop->timer_.expires_after(std::chrono::milliseconds{timeout_ms});
    loop->timer_.async_wait([weak =
                                 loop->weak_from_this()](const boost::system::error_code& error) {
        const auto alive = weak.lock();
        if (alive && !error) {
            alive->act(CURL_SOCKET_TIMEOUT, 0);
        }
    });
    return 0;
}

int CurlLoop::on_close(void* self, curl_socket_t fd) {
    static_cast<CurlLoop*>(self)->forget(fd);
    return ::close(fd);
}

void CurlLoop::watch(curl_socket_t fd, int what) {
    std::shared_ptr<Watch>& known = watches_[fd];
    if (!known) {
        known = std::make_shared<Watch>(io_, fd);
    }
    known->wants_read = what == CURL_POLL_IN || what == CURL_POLL_INOUT;
    known->wants_write = what == CURL_POLL_OUT || what == CURL_POLL_INOUT;
    arm(known);
}

void CurlLoop::forget(curl_socket_t fd) {
    const auto found = watches_.find(fd);
    if (found != watches_.end()) {
        found->second->let_go();
        watches_.erase(found);
    }
}

void CurlLoop::arm(const std::shared_ptr<Watch>& watch) {
    if (watch->wants_read && !watch->waits_read) {
        watch->waits_read = true;
        wait_on(watch, true);
    }
    if (watch->wants_write && !watch->waits_write) {
        watch->waits_write = true;
        wait_on(watch, false);
    }
}

void CurlLoop::wait_on(const std::shared_ptr<Watch>& watch, bool for_read) {
    const auto kind = for_read ? Descriptor::wait_read : Descriptor::wait_write;
    watch->descriptor.async_wait(
        kind,
        [loop = weak_from_this(),
         weak = std::weak_ptr<Watch>(watch),
         for_read](const boost::system::error_code& error) {
            const auto self = loop.lock();
            const auto seen = weak.lock();
            if (!self || !seen || error == boost::asio::error::operation_aborted) {
                return;
            }
            (for_read ? seen->waits_read : seen->waits_write) = false;
            const bool wanted = for_read ? seen->wants_read : seen->wants_write;
            if (wanted) {
                const int ready = for_read ? CURL_CSELECT_IN : CURL_CSELECT_OUT;
                self->act(seen->fd, error ? CURL_CSELECT_ERR : ready);
            }
            // libcurl reports only changes of what it waits for.
            const auto still = self->watches_.find(seen->fd);
            if (still != self->watches_.end() && still->second == seen) {
                self->arm(seen);
            }
        }
    );
}

void CurlLoop::act(curl_socket_t fd, int events) {
    int running = 0;
    in_callback_ = true;
    curl_multi_socket_action(multi_, fd, events, &running);
    in_callback_ = false;
    collect();
}

void CurlLoop::collect() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        const auto found = transfers_.find(message->easy_handle);
        if (found != transfers_.end()) {
            found->second->ended(message->data.result);
        }
    }
}

}  // namespace farshore::net
