using Hearth.Api.Messages;
using Hearth.House;
using Hearth.Linux;
using Hearth.Running;
using Hearth.Store;
using Microsoft.AspNetCore.Http;

namespace Hearth.Api;

/// <summary>What is thrown, as HTTP says it. The codes are part of the API.</summary>
internal static class ProblemTable
{
    private static readonly Dictionary<HouseFailure, (int Status, string Code, string Title)> s_failures = new()
    {
        [HouseFailure.Invalid] = (400, "invalid", "That makes no sense"),
        [HouseFailure.GuestNotFound] = (404, "guest-not-found", "There is no such guest"),
        [HouseFailure.SeatNotFound] = (404, "seat-not-found", "There is no such seat"),
        [HouseFailure.PersonNotFound] = (404, "person-not-found", "There is no such person"),
        [HouseFailure.StateNotFound] = (404, "state-not-found", "There is no such state"),
        [HouseFailure.NameTaken] = (409, "name-taken", "The name is taken"),
        [HouseFailure.WrongPhase] = (409, "wrong-phase", "Not as the guest is now"),
        [HouseFailure.ShownElsewhere] = (409, "shown-elsewhere", "The guest is on another seat"),
        [HouseFailure.Superseded] = (409, "superseded", "Another switch came after this one"),
        [HouseFailure.NotAllowed] = (403, "not-allowed", "Not for everybody"),
        [HouseFailure.PinNeeded] = (403, "pin-needed", "A PIN is needed"),
        [HouseFailure.PinWrong] = (403, "pin-wrong", "The PIN is wrong"),
        [HouseFailure.PinWait] = (429, "pin-wait", "No PIN is looked at for a while"),
        [HouseFailure.Closing] = (503, "closing", "Hearth is on its way down"),
        [HouseFailure.Host] = (500, "host", "The host does not allow it"),
        [HouseFailure.Damaged] = (500, "damaged", "Something is damaged"),
    };

    /// <summary>All codes that an answer may have.</summary>
    public static IEnumerable<string> Codes => s_failures.Values.Select(failure => failure.Code).Concat(["too-large", "bad-request", "no-such-address", "no-such-method", "internal"]);

    /// <returns>Null for what nobody expected.</returns>
    public static Problem? Find(Exception error) => error switch
    {
        HouseException house => Of(house),
        StoreException => new Problem("The store cannot be written", 500, error.Message, "host"),
        GuestRunException => new Problem("The host does not allow it", 500, error.Message, "host"),
        LinuxException or UsageException => new Problem("The host does not allow it", 500, error.Message, "host"),
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => new Problem("Too much", 413, "the request's body is larger than 1 MiB", "too-large"),
        BadHttpRequestException bad => new Problem("No HTTP", bad.StatusCode, bad.Message.TrimEnd('.'), "bad-request"),
        _ => null,
    };

    private static Problem Of(HouseException error)
    {
        (int status, string code, string title) = s_failures[error.Failure];
        return new Problem(title, status, error.Message, code, error.Wait?.TotalSeconds);
    }
}
