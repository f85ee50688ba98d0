/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * JSON by json-c: typed cells of tables, and files.
 */
#ifndef HELLOCTL_JSON_H
#define HELLOCTL_JSON_H

#include <stddef.h>
#include <stdio.h>

#include <json-c/json_object_iterator.h>

struct json_object;
struct table;

/* Escapes bytes that are no UTF-8. */
struct json_object *json_of_string(const char *value);
struct json_object *json_of_words(const char *const *words, size_t count);
/* Loops over the members of an object; json_object_iter_peek_name(&i) and so on. */
#define json_each(object, i) \
	for (struct json_object_iterator i = json_object_iter_begin(object), \
	     end_of_##i = json_object_iter_end(object); \
	     !json_object_iter_equal(&i, &end_of_##i); json_object_iter_next(&i))
/* Returns an array of one object for each row, with these columns, or if NULL with all. */
struct json_object *json_of_table(const struct table *table, const size_t *columns, size_t count);
/* Returns NULL if @rows is not an array of objects of numbers, strings, booleans and nulls. */
struct table *json_to_table(const char *name, struct json_object *rows);
/* Prints an object of arrays and objects, each of their elements in one line. */
void json_print(struct json_object *object, FILE *to);
/* Returns the object in a file, or NULL after printing an error. */
struct json_object *json_read(const char *path);

#endif /* HELLOCTL_JSON_H */
