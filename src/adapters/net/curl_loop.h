#pragma once

#include <curl/curl.h>
#include <map>
#include <memory>

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include "adapters/net/asio_types.h"

namespace farshore::net {

// One HTTP exchange under way in a CurlLoop.
class CurlTransfer {
  public:
    virtual void ended(CURLcode code) = 0;

  protected:
    ~CurlTransfer() = default;
};

// Drives libcurl's multi interface from an io_context: libcurl says which descriptors and which
// timeout it waits for, and is called when one of them is due. Kept by shared_ptr because pending
// operations may outlive their client by one turn of the loop.
class CurlLoop final : public std::enable_shared_from_this<CurlLoop> {
  public:
    [[nodiscard]] static std::shared_ptr<CurlLoop> create(Io& io, long connections_max);
    ~CurlLoop();
    CurlLoop(const CurlLoop&) = delete;
    CurlLoop& operator=(const CurlLoop&) = delete;

    // `transfer` must stay until it has ended or is removed. libcurl forbids both calls from within
    // its own callbacks: see in_callback().
    [[nodiscard]] bool add(CURL* easy, CurlTransfer& transfer);
    void remove(CURL* easy);

    // True while libcurl is on the stack.
    [[nodiscard]] bool in_callback() const { return in_callback_; }

  private:
    struct Watch;

    CurlLoop(Io& io, long connections_max);

    static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* watch);
    static int on_timer(CURLM* multi, long timeout_ms, void* self);
    static int on_close(void* self, curl_socket_t fd);

    void watch(curl_socket_t fd, int what);
    void forget(curl_socket_t fd);
    void arm(const std::shared_ptr<Watch>& watch);
    void wait_on(const std::shared_ptr<Watch>& watch, bool for_read);
    void act(curl_socket_t fd, int events);
    void collect();

    Io& io_;
    CURLM* multi_;
    Timer timer_;
    bool in_callback_ = false;
    std::map<curl_socket_t, std::shared_ptr<Watch>> watches_;
    std::map<CURL*, CurlTransfer*> transfers_;
};

}  // namespace farshore::net
