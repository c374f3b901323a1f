#include "dataplane/service_code.h"

#include "dataplane/json_members.h"

namespace farshore::dataplane {

std::string_view service_code(int status, std::string_view answer_body) {
    const auto members = status < 400 ? std::nullopt : json_members(answer_body);
    const auto type = members ? find_member(*members, "__type") : std::nullopt;
    std::string_view code = type ? plain_string(*type).value_or("") : "";
    code = code.substr(code.find('#') + 1);
    return code.substr(0, code.find(':'));
}

}  // namespace farshore::dataplane
