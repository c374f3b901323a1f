#include "http1/body.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace farshore::http1 {

void BodyReader::start(BodyFraming framing, std::uint64_t bytes_max) {
    refused_.reset();
    total_ = 0;
    digits_ = 0;
    bytes_max_ = bytes_max;
    left_ = framing.chunked ? 0 : framing.length;
    if (framing.chunked) {
        state_ = State::size;
    } else {
        state_ = framing.length == 0 ? State::done : State::plain;
    }
    if (left_ > bytes_max_) {
        refuse(Rule::body_too_large);
    }
}

void BodyReader::refuse(Rule rule) {
    state_ = State::failed;
    refused_ = rule;
}

std::size_t BodyReader::feed(std::string_view bytes, std::string& out) {
    std::size_t used = 0;
    while (used < bytes.size() && state_ != State::done && state_ != State::failed) {
        if (state_ != State::plain && state_ != State::data) {
            step(bytes[used]);
            ++used;
            continue;
        }
        const auto take =
            static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - used));
        out.append(bytes.substr(used, take));
        used += take;
        left_ -= take;
        total_ += take;
        if (left_ == 0) {
            state_ = state_ == State::plain ? State::done : State::data_cr;
        }
    }
    return used;
}

void BodyReader::take_size_digit(char c) {
    int digit = -1;
    if (c >= '0' && c <= '9') {
        digit = c - '0';
    } else if (c >= 'a' && c <= 'f') {
        digit = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
        digit = c - 'A' + 10;
    }
    // Fifteen digits cannot overflow 64 bits.
    if (digit < 0 || digits_ == 15) {
        refuse(Rule::bad_chunk_size);
        return;
    }
    ++digits_;
    left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
    if (left_ > bytes_max_ - total_) {
        refuse(Rule::body_too_large);
    }
}

void BodyReader::step(char c) {
    const auto expect = [&](char wanted, State next, Rule otherwise = Rule::bad_chunk_end) {
        if (c == wanted) {
            state_ = next;
        } else {
            refuse(otherwise);
        }
    };
    switch (state_) {
        case State::size:
            if (c != '\r') {
                take_size_digit(c);
            } else if (digits_ == 0) {
                refuse(Rule::bad_chunk_size);
            } else {
                state_ = State::size_lf;
            }
            return;
        case State::size_lf: expect('\n', left_ == 0 ? State::last_cr : State::data); return;
        case State::data_cr: expect('\r', State::data_lf); return;
        case State::data_lf:
            expect('\n', State::size);
            digits_ = 0;
            return;
        // A trailer section would begin here.
        case State::last_cr: expect('\r', State::last_lf, Rule::trailer); return;
        case State::last_lf: expect('\n', State::done); return;
        case State::plain:
        case State::data:
        case State::done:
        case State::failed: return;
    }
}

std::string chunk_size_line(std::size_t size) {
    std::array<char, 20> digits{};
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16);
    return std::string(digits.data(), end) + "\r\n";
}

}  // namespace farshore::http1
