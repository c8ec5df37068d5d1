/* What a run will measure, for every kind of request. */
#include <string.h>

#include "result/plan.h"
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
        sound &=
            block->epoch_count > 0 && block->epoch_count <= plan->epoch_count;
        sound &= block->window_ms > 0 || block->scenario == RESULT_MEMORY;
        sound &= block->message_bytes > 0 && block->title[0] != '\0';
        for (; row < end; row++) {
            const struct result_row *r = &plan->rows[row];
            sound &= r->block == b && r->name[0] != '\0';
            sound &= r->baseline >= block->first_row && r->baseline < end;
            if (r->control >= 0) {
                sound &= r->control >= block->first_row && r->control < end;
                sound &= plan->rows[r->control].role == RESULT_CONTROL;
            }
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
    request.scenarios[RESULT_WORK] = true;
    request.scenarios[RESULT_SPEED] = true;
    request.scenarios[RESULT_MEMORY] = true;
    plan_race(&plan, &request);
    CHECK(is_sound(&plan));
    CHECK(plan.block_count == 5 && plan.epoch_count >= 3);
    CHECK(plan.blocks[0].scenario == RESULT_WORK);
    CHECK(plan.blocks[1].connection_count == 1);
    CHECK(plan.blocks[3].connection_count == 64);
    CHECK(plan.blocks[0].row_count == 6); /* five and the control */
    CHECK(plan.rows[1].role == RESULT_CONTROL && plan.instances[1] == 1);
    CHECK(plan.blocks[4].row_count == 5 && plan.blocks[4].epoch_count == 1);
    CHECK(plan.rows[plan.blocks[4].first_row].idle_count == 100);
    CHECK(plan_epoch_ms(&plan, 0) < 15000);
    CHECK(plan_epoch_ms(&plan, 4) < 6000); /* work only */
    CHECK(plan_epoch_ms(&plan, 5) == 0);
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
    request.has_scaling = true;
    request.processors = 4;
    for (int s = 0; s < RESULT_SCENARIO_COUNT; s++)
        request.scenarios[s] = true;
    request.peer_name = "mine";
    request.peer_command = "mine.exe {port}";
    plan_race(&plan, &request);
    CHECK(is_sound(&plan));
    /* work, speed six times, memory, paced five times, herd, churn, bulk, skew,
     * scaling */
    CHECK(plan.block_count == 18);
    CHECK(plan.rows[6].role == RESULT_PEER);
    CHECK(strcmp(plan.rows[6].form, "mine.exe {port}") == 0);
    CHECK(plan.blocks[8].load_percent == 10 &&
          plan.blocks[12].load_percent == 90);
    const struct result_block *scaling = &plan.blocks[17];
    CHECK(scaling->is_ladder && scaling->row_count == 6); /* 1, 2, 4 twice */
    CHECK(plan.rows[scaling->first_row + 2].processors == 4);
    CHECK(strcmp(plan.rows[scaling->first_row + 5].form, "--workers 4") == 0);
    CHECK(plan_allocate(&plan));
    plan_free(&plan);

    request.connections_count = 2;
    request.connections[0] = 3;
    request.connections[1] = 200;
    request.message_bytes = 1000;
    request.epoch_count = 7;
    request.window_ms = 77;
    request.rate_per_s = 100;
    request.has_scaling = false;
    plan_race(&plan, &request);
    CHECK(is_sound(&plan) && plan.block_count == 15);
    for (int b = 0; b < plan.block_count; b++)
        CHECK(plan.blocks[b].window_ms == 77 &&
              plan.blocks[b].epoch_count ==
                  (plan.blocks[b].scenario == RESULT_MEMORY ? 1 : 7) &&
              plan.blocks[b].message_bytes == 1000);
    plan_free(&plan);
}

/* Whether a rung of this model's ladder has the form, with its ending. */
static bool has_rung(int model, const char *form)
{
    struct plan plan;
    struct plan_request request = all_servers();
    bool found = false;
    plan_ladder(&plan, &request, model);
    for (int i = 0; i < plan.row_count; i++)
        found = found || strcmp(plan.rows[i].form, form) == 0;
    plan_free(&plan);
    return found;
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
            CHECK(block->scenario != RESULT_WORK ||
                  block->connection_count == 16);
        }
        plan_free(&plan);
    }
    CHECK(has_rung(2, "forms/wsaasyncselect.c"));
    CHECK(has_rung(5, "forms/threadpool_io.c"));
    CHECK(has_rung(5, "forms/batches.patch"));
    CHECK(!has_rung(2, "forms/spin.patch"));
}

static void test_builds(void)
{
    struct plan plan;
    struct plan_request request = {.models = {4}, .model_count = 1};
    plan_builds(&plan, &request, "old", "new");
    CHECK(is_sound(&plan) && plan.block_count == 2 && plan.row_count == 6);
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
