#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/ids.h"
#include "base/result.h"

// Who may talk to a controller. The file holds digests only: reading it gives nobody access.
namespace farshore::controller {

enum class Role { agent, viewer, operator_ };
inline constexpr std::array<std::string_view, 3> kRoleNames{"agent", "viewer", "operator"};

constexpr const auto& names_of(Role) {
    return kRoleNames;
}

struct Caller {
    std::string name;
    Role role = Role::viewer;
    AppId app;  // of an agent; empty: any app
    // Of a request for a change, for the audit.
    std::string from{};  // its address
    std::string reason{};
    bool has_reason = false;  // it gave one itself

    [[nodiscard]] bool may_speak_for(const AppId& wanted) const {
        return app.value().empty() || app == wanted;
    }
};

// The tokens that a controller accepts. Immutable once read.
class Tokens {
  public:
    // [{"name","role":"agent|viewer|operator","app","token_sha256":"<hex>"}]. Errors: malformed.
    [[nodiscard]] static Result<Tokens> parse(std::string_view text);
    // Errors: not_found, denied (unreadable), malformed; each with its remedy.
    [[nodiscard]] static Result<Tokens> load(const std::string& path);

    // Whom the value of an Authorization header belongs to. Takes the same time for every token.
    // Errors: denied.
    [[nodiscard]] Result<Caller> caller(std::optional<std::string_view> authorization) const;

  private:
    struct Known {
        Caller caller;
        std::string digest;  // 32 bytes
    };

    std::vector<Known> known_;
};

}  // namespace farshore::controller
