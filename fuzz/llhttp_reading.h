#pragma once

#include <cstddef>
#include <llhttp/llhttp.h>
#include <string>
#include <string_view>

// A message as llhttp reads it, to compare with. Strict, as it is built by llhttp.cmake.
namespace farshore::fuzz {

struct LlhttpReading {
    llhttp_type_t type = HTTP_REQUEST;
    bool complete = false;
    std::size_t size = 0;
    int status = 0;
    std::string method;
    std::string target;
    std::string body;
    std::size_t fields = 0;
    bool keep_alive = false;
    bool upgrade = false;
};

inline LlhttpReading& reading_of(llhttp_t* parser) {
    return *static_cast<LlhttpReading*>(parser->data);
}

inline LlhttpReading read_llhttp(std::string_view bytes, llhttp_type_t type) {
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_url = [](llhttp_t* parser, const char* at, std::size_t length) {
        reading_of(parser).target.append(at, length);
        return 0;
    };
    settings.on_body = [](llhttp_t* parser, const char* at, std::size_t length) {
        reading_of(parser).body.append(at, length);
        return 0;
    };
    settings.on_header_value_complete = [](llhttp_t* parser) {
        ++reading_of(parser).fields;
        return 0;
    };
    settings.on_headers_complete = [](llhttp_t* parser) {
        LlhttpReading& reading = reading_of(parser);
        reading.status = parser->status_code;
        const bool bodiless =
            reading.type == HTTP_RESPONSE &&
            (reading.status < 200 || reading.status == 204 || reading.status == 304);
        return bodiless ? 1 : 0;  // its caller's business, says llhttp
    };
    settings.on_message_complete = [](llhttp_t* parser) {
        LlhttpReading& reading = reading_of(parser);
        reading.complete = true;
        reading.keep_alive = llhttp_should_keep_alive(parser) != 0;
        reading.upgrade = parser->upgrade != 0;
        return static_cast<int>(HPE_PAUSED);
    };
    LlhttpReading reading{.type = type};
    llhttp_t parser;
    llhttp_init(&parser, type, &settings);
    parser.data = &reading;
    llhttp_execute(&parser, bytes.data(), bytes.size());
    if (reading.complete) {
        reading.size = static_cast<std::size_t>(llhttp_get_error_pos(&parser) - bytes.data());
        if (type == HTTP_REQUEST) {
            reading.method = llhttp_method_name(static_cast<llhttp_method_t>(parser.method));
        }
    }
    return reading;
}

}  // namespace farshore::fuzz
