#include "wire/request_documents.h"

#include <algorithm>

namespace farshore::wire {

bool is_request_id(std::string_view id) {
    constexpr std::size_t kBytesMin = 8;  // shorter ones are soon taken
    constexpr std::size_t kBytesMax = 64;
    return id.size() >= kBytesMin && id.size() <= kBytesMax && std::ranges::all_of(id, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
           });
}

}  // namespace farshore::wire
