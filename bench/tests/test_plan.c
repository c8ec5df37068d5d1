/* What a run will measure, for every kind of request. */
#include <string.h>

#include "report/plan.h"
#include "test.h"

static struct plan_request all_servers(void)
{
    return (struct plan_request){.models = {1, 2, 3, 4, 5}, .model_count = 5};
}

/* What must hold for every plan. */
static bool is_sound(const struct plan *plan)
{
    bool sound = !plan->is_incomplete && plan->block_count > 0;
    int row = 0;
    for (int b = 0; b < plan->block_count; b++) {
        const struct result_block *block = &plan->blocks[b];
        int end = block->first_row + block->row_count;
        sound &= block->first_row == row && block->row_count > 0;
        sound &= block->round_count > 0 && block->round_ms > 0;
        sound &= block->message_bytes > 0 && block->title[0] != '\0';
        for (; row < end; row++) {
            const struct result_row *r = &plan->rows[row];
            sound &= r->block == b && r->name[0] != '\0';
            sound &= r->baseline >= block->first_row && r->baseline < end;
            sound &= r->control >= block->first_row && r->control < end;
            sound &= plan->rows[r->control].role == RESULT_CONTROL;
            sound &= r->connection_count == block->connection_count;
        }
    }
    return sound && row == plan->row_count;
}

static void test_default_run(void)
{
    struct plan plan;
    struct plan_request request = all_servers();
    request.is_short = true;
    request.scenarios[RESULT_PINGPONG] = true;
    request.scenarios[RESULT_PACED] = true;
    request.scenarios[RESULT_HERD] = true;
    plan_race(&plan, &request);
    CHECK(is_sound(&plan));
    CHECK(plan.block_count == 5);
    CHECK(plan.blocks[0].connection_count == 1);
    CHECK(plan.blocks[2].connection_count == 128);
    CHECK(plan.blocks[3].rate_per_s > 0 && plan.blocks[0].rate_per_s == 0);
    CHECK(plan.blocks[0].row_count == 7); /* five, control, reflector */
    CHECK(plan.rows[1].role == RESULT_CONTROL && plan.instances[1] == 1);
    CHECK(plan.rows[6].role == RESULT_REFLECTOR);
    CHECK(plan_total_ms(&plan) < 60000);
    CHECK(plan_allocate(&plan));
    plan_free(&plan);
}

static void test_herd(void)
{
    struct plan plan;
    struct plan_request request = {.models = {2, 5}, .model_count = 2};
    request.scenarios[RESULT_HERD] = true;
    plan_race(&plan, &request);
    CHECK(is_sound(&plan) && plan.row_count == 7);
    /* 02, its control, 02 +200, 02 +800, 05, 05 +200, 05 +800 */
    CHECK(plan.rows[3].idle_count == 800 && plan.rows[3].baseline == 0);
    CHECK(plan.rows[6].idle_count == 800 && plan.rows[6].baseline == 4);
    CHECK(strcmp(plan.rows[6].name, "05 +800") == 0);
    CHECK(plan_group(&plan, 6) == 4 && plan_group(&plan, 3) == 0);
    CHECK(plan.instances[3] != plan.instances[2]);
    plan_free(&plan);
}

static void test_everything(void)
{
    struct plan plan;
    struct plan_request request = all_servers();
    for (int s = 0; s < RESULT_SCENARIO_COUNT; s++)
        request.scenarios[s] = true;
    request.peer_count = 1;
    request.peer_names[0] = "mine";
    request.peer_commands[0] = "mine.exe {port}";
    plan_race(&plan, &request);
    CHECK(is_sound(&plan));
    CHECK(plan.block_count == 8); /* pingpong three times */
    CHECK(plan.rows[6].role == RESULT_PEER);
    CHECK(strcmp(plan.rows[6].form, "mine.exe {port}") == 0);
    CHECK(plan_allocate(&plan));
    plan_free(&plan);

    request.connections_count = 2;
    request.connections[0] = 3;
    request.connections[1] = 200;
    request.message_bytes = 1000;
    request.round_count = 5;
    request.round_ms = 77;
    plan_race(&plan, &request);
    CHECK(is_sound(&plan) && plan.block_count == 12);
    for (int b = 0; b < plan.block_count; b++)
        CHECK(plan.blocks[b].round_ms == 77 &&
              plan.blocks[b].round_count == 5 &&
              plan.blocks[b].message_bytes == 1000);
    plan_free(&plan);
}

static void test_ladders(void)
{
    for (int model = 1; model <= PLAN_MODELS; model++) {
        struct plan plan;
        struct plan_request request = all_servers();
        plan_ladder(&plan, &request, model);
        CHECK(is_sound(&plan) && plan.left_out != NULL);
        for (int b = 0; b < plan.block_count; b++) {
            const struct result_block *block = &plan.blocks[b];
            int first = block->first_row;
            int baseline = plan.rows[first].baseline;
            CHECK(block->is_ladder && block->row_count >= 3);
            CHECK(b > 0 || strcmp(plan.rows[first].form, "minimal.c") == 0);
            /* All against the server without options. */
            CHECK(strcmp(plan.rows[baseline].name, block->relative_to) == 0);
            for (int i = first; i < first + block->row_count; i++)
                CHECK(plan.rows[i].model == model &&
                      plan.rows[i].baseline == baseline &&
                      (plan.rows[i].form[0] == '\0') ==
                          (i == baseline || i == plan.rows[i].control));
        }
        plan_free(&plan);
    }
}

static void test_builds(void)
{
    struct plan plan;
    struct plan_request request = {.models = {4}, .model_count = 1};
    plan_builds(&plan, &request, "old", "new");
    CHECK(is_sound(&plan) && plan.block_count == 3 && plan.row_count == 9);
    CHECK(plan.instances[0] == PLAN_OTHER_BUILD);
    CHECK(plan.instances[1] == PLAN_OTHER_BUILD + 1);
    CHECK(plan.instances[2] == 0 && plan.rows[2].baseline == 0);
    plan_free(&plan);
}

int main(void)
{
    test_default_run();
    test_herd();
    test_everything();
    test_ladders();
    test_builds();
    return summary();
}
