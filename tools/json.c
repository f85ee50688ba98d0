// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON by json-c: typed cells of tables, and files.
 */
#include "json.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>
#include <json-c/json_visit.h>

#include "output.h"

/* No result is larger. Bounds the memory that a wrong file takes. */
#define FILE_MAX	(64 << 20)

struct json_object *json_of_string(const char *value)
{
	char *valid = printable(value, FOR_JSON);
	struct json_object *string = checked(json_object_new_string(valid));

	free(valid);
	return string;
}

static struct json_object *value_of(const char *value)
{
	if (!strcmp(value, "true") || !strcmp(value, "false"))
		return checked(json_object_new_boolean(*value == 't'));
	if (!is_number(value))
		return json_of_string(value);
	if (strchr(value, '.'))
		return checked(json_object_new_double_s(strtod(value, NULL), value));
	if (*value == '-')
		return checked(json_object_new_int64(strtoll(value, NULL, 10)));
	return checked(json_object_new_uint64(strtoull(value, NULL, 10)));
}

struct json_object *json_of_words(const char *const *words, size_t count)
{
	struct json_object *array = checked(json_object_new_array());

	for (size_t i = 0; i < count; i++)
		json_object_array_add(array, value_of(words[i]));
	return array;
}

static struct json_object *choices_of(const char *value)
{
	struct json_object *array = checked(json_object_new_array());
	char *copy = text("%s", value), *rest = copy, *word;

	while ((word = strsep(&rest, " ")))
		if (*word)
			json_object_array_add(array, value_of(word));
	free(copy);
	return array;
}

/* JSON has no type for an empty cell but null. */
static struct json_object *cell_of(const char *column, const char *value)
{
	if (!value || !*value)
		return NULL;
	if (!strcmp(column, "choices"))
		return choices_of(value);
	/* a process may be named 17, and 0 is a list of CPUs as 0-1 is */
	if (!strcmp(column, "comm") || !strcmp(column, "name") || !strcmp(column, "cpus"))
		return json_of_string(value);
	return value_of(value);
}

struct json_object *json_of_table(const struct table *table, const size_t *columns, size_t count)
{
	struct json_object *rows = checked(json_object_new_array());

	for (size_t row = 0; row < table_rows(table); row++) {
		struct json_object *cells = checked(json_object_new_object());

		for (size_t i = 0; i < (columns ? count : table_width(table)); i++) {
			size_t column = columns ? columns[i] : i;
			char *name = printable(table_column(table, column), FOR_JSON);

			json_object_object_add(cells, name,
					       cell_of(name, table_at(table, row, column)));
			free(name);
		}
		json_object_array_add(rows, cells);
	}
	return rows;
}

static bool add_cells(struct table *table, struct json_object *cells)
{
	table_add_cells(table, 0, NULL);
	json_each(cells, i) {
		const char *name = json_object_iter_peek_name(&i);
		struct json_object *value = json_object_iter_peek_value(&i);

		if (json_object_is_type(value, json_type_object) ||
		    json_object_is_type(value, json_type_array))
			return false;
		table_set(table, name, value ? json_object_get_string(value) : NULL);
	}
	return true;
}

struct table *json_to_table(const char *name, struct json_object *rows)
{
	struct table *table = table_new(name, "");
	bool valid = json_object_is_type(rows, json_type_array);

	for (size_t i = 0; valid && i < json_object_array_length(rows); i++) {
		struct json_object *cells = json_object_array_get_idx(rows, i);

		valid = json_object_is_type(cells, json_type_object) && add_cells(table, cells);
	}
	if (valid)
		return table;
	table_free(table);
	return NULL;
}

#define IN_LINE		(JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE)

/* Prints a member, or an element if @name is NULL, in a line of its own. */
static void print_line(FILE *to, bool first, const char *name, struct json_object *value)
{
	struct json_object *key = name ? checked(json_object_new_string(name)) : NULL;

	fputs(first ? "\n    " : ",\n    ", to);
	if (key)
		fprintf(to, "%s: ", json_object_to_json_string_ext(key, IN_LINE));
	fputs(json_object_to_json_string_ext(value, IN_LINE), to);
	json_object_put(key);
}

void json_print(struct json_object *object, FILE *to)
{
	const char *between = "{\n";

	json_each(object, i) {
		struct json_object *value = json_object_iter_peek_value(&i);
		bool array = json_object_is_type(value, json_type_array), first = true;

		fprintf(to, "%s  \"%s\": %s", between, json_object_iter_peek_name(&i),
			array ? "[" : "{");
		between = ",\n";
		for (size_t n = 0; array && n < json_object_array_length(value); n++, first = false)
			print_line(to, first, NULL, json_object_array_get_idx(value, n));
		if (!array) {
			json_each(value, member) {
				print_line(to, first, json_object_iter_peek_name(&member),
					   json_object_iter_peek_value(&member));
				first = false;
			}
		}
		fprintf(to, "%s%s", first ? "" : "\n  ", array ? "]" : "}");
	}
	fputs("\n}\n", to);
}

/* Reads at most FILE_MAX bytes of a regular file or a pipe. */
static char *read_bytes(const char *path, size_t *size)
{
	/* a FIFO without a writer must not block */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : checked(fdopen(fd, "re"));
	char *bytes = NULL;
	struct stat st;

	*size = 0;
	if (file && !fstat(fd, &st) && !S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode)) {
		fail(NULL, "%s is neither a file nor a pipe", path);
		fclose(file);
		return NULL;
	}
	if (file) {
		fcntl(fd, F_SETFL, 0);
		bytes = checked(malloc(FILE_MAX));
		*size = fread(bytes, 1, FILE_MAX, file);
	}
	if (!file || ferror(file) || *size == FILE_MAX) {
		fail(NULL, "cannot read %s: %s", path, strerror(*size == FILE_MAX ? EFBIG : errno));
		free(bytes);
		bytes = NULL;
	}
	if (file)
		fclose(file);
	return bytes;
}

/* json-c takes NaN and 1e400, which JSON and doubles do not have. */
static int check_number(struct json_object *value, int flags, struct json_object *parent,
			const char *key, size_t *index, void *path)
{
	(void)flags;
	(void)parent;
	(void)index;
	if (!json_object_is_type(value, json_type_double) || isfinite(json_object_get_double(value)))
		return JSON_C_VISIT_RETURN_CONTINUE;
	fail(NULL, "%s%s'%s' is not a number: %s is damaged", key ? key : "", key ? ": " : "",
	     json_object_get_string(value), (const char *)path);
	return JSON_C_VISIT_RETURN_ERROR;
}

struct json_object *json_read(const char *path)
{
	struct json_tokener *parser = checked(json_tokener_new());
	struct json_object *object = NULL;
	enum json_tokener_error error;
	size_t size;
	char *bytes = read_bytes(path, &size);

	if (bytes) {
		json_tokener_set_flags(parser, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
		object = json_tokener_parse_ex(parser, bytes, size);
		error = json_tokener_get_error(parser);
		if (error == json_tokener_continue)
			fail(NULL, "%s ends too early: it is truncated", path);
		else if (error != json_tokener_success)
			fail(NULL, "%s is not JSON: %s at byte %zu", path,
			     json_tokener_error_desc(error), json_tokener_get_parse_end(parser));
		else if (!json_object_is_type(object, json_type_object))
			fail(NULL, "%s is JSON, but not an object", path);
		if (error != json_tokener_success || !json_object_is_type(object, json_type_object) ||
		    json_c_visit(object, 0, check_number, (void *)path)) {
			json_object_put(object);
			object = NULL;
		}
	}
	free(bytes);
	json_tokener_free(parser);
	return object;
}
