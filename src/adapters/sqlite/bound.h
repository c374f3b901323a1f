#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

#include "sqlite/database.h"

// Statements of the store with their parameters, in one line each.
namespace farshore::sqlite {

inline void bind_one(Statement& statement, int at, std::string_view text) {
    statement.bind(at, text);
}

inline void bind_one(Statement& statement, int at, std::int64_t number) {
    statement.bind(at, number);
}

inline void bind_one(Statement& statement, int at, UtcTime time) {
    statement.bind(at, to_ms(time));
}

template <class Id>
    requires requires(const Id& id) {
        { id.value() } -> std::convertible_to<std::string_view>;
    }
void bind_one(Statement& statement, int at, const Id& id) {
    statement.bind(at, std::string_view{id.value()});
}

// The statement with these parameters, the first of which is ?1.
template <class... Values>
[[nodiscard]] Result<Statement> bound(
    Database& database, std::string_view sql, const Values&... values
) {
    Result<Statement> statement = database.prepare(sql);
    if (statement) {
        int at = 0;
        (bind_one(*statement, ++at, values), ...);
    }
    return statement;
}

template <class... Values>
[[nodiscard]] Status run(Database& database, std::string_view sql, const Values&... values) {
    Result<Statement> statement = bound(database, sql, values...);
    return statement ? statement->run() : std::unexpected(std::move(statement.error()));
}

// All rows, each as `read` makes it; an error of `read` ends it.
template <class Row>
[[nodiscard]] Result<std::vector<Row>> rows_of(
    Result<Statement> query, const std::function<Result<Row>(const Statement&)>& read
) {
    if (!query) {
        return std::unexpected(std::move(query.error()));
    }
    std::vector<Row> rows;
    const Status done = query->for_each([&]() -> Status {
        Result<Row> row = read(*query);
        if (!row) {
            return std::unexpected(std::move(row.error()));
        }
        rows.push_back(std::move(*row));
        return {};
    });
    return done ? Result<std::vector<Row>>{std::move(rows)} : std::unexpected(done.error());
}

// The only row, or nullopt.
template <class Row>
[[nodiscard]] Result<std::optional<Row>> row_of(
    Result<Statement> query, const std::function<Result<Row>(const Statement&)>& read
) {
    Result<std::vector<Row>> rows = rows_of<Row>(std::move(query), read);
    if (!rows) {
        return std::unexpected(std::move(rows.error()));
    }
    return rows->empty() ? std::nullopt : std::optional{std::move(rows->front())};
}

[[nodiscard]] inline std::string text_at(const Statement& row, int column) {
    return std::string{row.text(column)};
}

}  // namespace farshore::sqlite
