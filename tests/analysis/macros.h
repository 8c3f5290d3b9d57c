/* macros.h - what cppcheck, which does not read the system's headers, must know of them. */
#ifndef PC_ANALYSIS_MACROS_H
#define PC_ANALYSIS_MACROS_H

#define json_array_foreach(array, index, value) \
	for ((index) = 0; (index) < json_array_size(array) && ((value) = json_array_get(array, index)) != NULL; (index)++)
#define json_object_foreach(object, key, value) \
	for ((key) = json_object_iter_key(json_object_iter(object)); (key) != NULL && ((value) = json_object_get(object, key)) != NULL; \
	     (key) = json_object_iter_key(json_object_iter_next(object, json_object_key_to_iter(key))))
#define json_object_foreach_safe(object, next, key, value) json_object_foreach(object, key, value)

#endif
