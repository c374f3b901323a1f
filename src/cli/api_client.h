#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "adapters/net/http_client.h"
#include "base/result.h"
#include "wire/document_fields.h"

namespace farshore::cli {

// Where an API is and who we are.
struct Access {
    std::string controller;  // "https://127.0.6.1:8640"
    std::string token;
    std::string ca_file;
    std::string what = "the controller";  // names it in errors
    std::string remedy =
        "is farshored running, and is the address right (--controller, FARSHORE_CONTROLLER, or "
        "controller.url in the "
        "configuration)?";
    // What shows whether a call without an answer has taken effect.
    std::string shown_by = "`farshore status` and `farshore op list` show whether it has";
};

struct Answer {
    int status = 0;
    boost::json::value document;

    [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }

    // The error in a refusing answer, of the kind that it names, else of the status's.
    [[nodiscard]] Error error() const;

    // What a controller answers. Errors: malformed, with the place of each field that is wrong.
    template <wire::Listed Document>
    [[nodiscard]] Result<Document> as() const {
        Result<Document> read =
            wire::document_from<Document>("the controller's answer", as_object());
        if (!read) {
            read.error().remedy =
                "the controller may be of another version than the command: `farshore --version`";
        }
        return read;
    }

    // The document as an object; an empty one when it is none.
    [[nodiscard]] const boost::json::object& as_object() const;
};

enum class WatchEnd { finished, detached, timed_out };

// Calls of a JSON API (the controller's, the lab's), one at a time, each blocking the command.
//
// Errors: unavailable and timed_out (with a remedy; effect possible when what was asked for may
// have happened all the same, also when only a proxy answers a change, with a 5xx), malformed when
// the answer is not JSON. An answer that refuses is an Answer.
class ApiClient {
  public:
    explicit ApiClient(Access access);
    ~ApiClient();
    ApiClient(const ApiClient&) = delete;
    ApiClient& operator=(const ApiClient&) = delete;

    [[nodiscard]] Result<Answer> get(const std::string& target);
    [[nodiscard]] Result<Answer> post(const std::string& target, const boost::json::value& body);

    [[nodiscard]] Result<Answer> erase(const std::string& target);

    // Calls `on_line` with each document of a newline-delimited stream until it ends, Ctrl-C is
    // pressed (detached) or `timeout` has passed. Zero: no timeout.
    [[nodiscard]] Result<WatchEnd> watch(
        const std::string& target, Duration timeout, std::function<void(const Answer&)> on_line
    );

    [[nodiscard]] const Access& access() const;

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace farshore::cli
