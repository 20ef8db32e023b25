using Hearth.Api;
using Hearth.Api.Messages;

namespace Hearth.Supervisor.Tests.Soak;

/// <summary>Asks all that can be asked of one guest, one thing after the other, until the daemon is gone.</summary>
/// <param name="saysAll">Nothing is made that is not reported, and no guest is stopped.</param>
internal sealed class GuestDriver(DaemonHouse house, string guest, Ledger ledger, Random random, bool saysAll, Action reported)
{
    private const int Many = 6;

    /// <summary>What was refused.</summary>
    public List<string> Refusals { get; } = [];

    public int Answers { get; private set; }

    /// <summary>Until nobody answers any more.</summary>
    public async Task RunAsync()
    {
        try
        {
            while (true)
                await TryStepAsync();
        }
        catch (Exception error) when (error is UsageException or HttpRequestException or IOException or OperationCanceledException or System.Text.Json.JsonException)
        {
            // The daemon is gone.
        }
    }

    private async Task TryStepAsync()
    {
        try
        {
            await StepAsync();
            Answers++;
            reported();
        }
        catch (ApiException error)
        {
            Refusals.Add(error.Message);
            await Task.Delay(50);
        }
    }

    private Task StepAsync()
    {
        IReadOnlyList<long> states = ledger.States;
        long any = states.Count == 0 ? 0 : states[random.Next(states.Count)];
        int choice = states.Count > Many ? 3 : random.Next(8);
        return choice switch
        {
            0 or 1 => SaveAsync(isPinned: false),
            2 => SaveAsync(isPinned: true),
            3 or 4 when states.Count > 2 => DeleteAsync(any),
            5 when any != 0 => PinAsync(any, !ledger.IsPinned(any)),
            6 when any != 0 => house.RestoreAsync(guest, any, keepsPresent: !saysAll && random.Next(2) == 0),
            _ => EditAsync(),
        };
    }

    private async Task SaveAsync(bool isPinned) => ledger.Saved(await house.SaveAsync(guest, new SaveOrder("soak", Pinned: isPinned)));

    private async Task DeleteAsync(long state)
    {
        if (ledger.IsPinned(state))
            await PinAsync(state, isPinned: false);
        await AskAsync(state, async () =>
        {
            await house.DeleteStateAsync(guest, state);
            ledger.Deleted(state);
        });
    }

    private Task PinAsync(long state, bool isPinned) => AskAsync(state, async () =>
        ledger.Pinned(await house.Client.AskAsync(
            HttpMethod.Patch, $"/v1/guests/{guest}/states/{state}", new StateChange(isPinned), ApiJson.Client.StateChange, ApiJson.Client.StateMessage)));

    private async Task AskAsync(long state, Func<Task> ask)
    {
        ledger.Ask(state);
        try
        {
            await ask();
        }
        catch (ApiException)
        {
            ledger.Refused(state);
            throw;
        }
    }

    private async Task EditAsync()
    {
        int weight = random.Next(1, 1000);
        ledger.AskWeight(weight);
        _ = await house.Client.AskAsync(HttpMethod.Patch, $"/v1/guests/{guest}", new GuestSettings { CpuWeight = weight }, ApiJson.Client.GuestSettings, ApiJson.Client.GuestMessage);
        ledger.Weighed(weight);
    }
}
