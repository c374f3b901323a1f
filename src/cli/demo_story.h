#pragma once

#include <cstdint>
#include <string>

namespace farshore::cli {

struct DemoOptions {
    std::string story = "dynamodb";  // or "servers", "region"
    int rate = 100;                  // shoppers' requests per second
    std::string dns_habit = "honest";
    bool keep = false;  // leave the world up
    std::uint64_t seed = 1;
    std::string directory;  // for the report; empty: a new one below the temporary directory
    // The world's directory; empty: `world` below the report's, or, for a world that is kept, where
    // `farshore lab` looks by itself.
    std::string world;
};

// Brings a world up, breaks it, watches it recover, brings everything home, and reports. Learns of
// everything through sockets and the shoppers' log only. Gives the exit status: 0 only when the
// story's objectives are met.
[[nodiscard]] int tell_story(const DemoOptions& options);

}  // namespace farshore::cli
