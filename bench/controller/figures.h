#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "base/time.h"

// What a benchmark says: rows of figures, for people as a table and for programs as JSON.
namespace farshore::bench {

// Durations of one kind, all kept. Not thread-safe.
class Samples {
  public:
    void add(Duration sample) { all_.push_back(sample); }

    [[nodiscard]] std::size_t count() const { return all_.size(); }

    // The smallest sample that at least `share` (above 0, up to 1) of all do not exceed; zero when
    // there is none.
    [[nodiscard]] Duration quantile(double share) const;

  private:
    std::vector<Duration> all_;
};

class Figures {
  public:
    void add(const std::string& phase, const std::string& what, const Samples& samples);
    // One duration, as a row whose three figures would be the same.
    void add(const std::string& phase, const std::string& what, Duration value);
    void add(const std::string& phase, const std::string& what, double value, std::string unit);
    void say(const std::string& phase, const std::string& what, std::string words);

    [[nodiscard]] std::string table() const;
    // {"rows":[{"phase","what","unit",…}]}: "value" of one figure, "count", "p50", "p99" and "max"
    // of samples (ms), or "words".
    [[nodiscard]] boost::json::object document() const;

  private:
    struct Row {
        std::string phase;
        std::string what;
        boost::json::object figures;
    };

    std::vector<Row> rows_;
};

}  // namespace farshore::bench
