using System.CommandLine;
using System.CommandLine.Completions;
using Hearth.Api;

namespace Hearth.Commands;

/// <summary>Names from the running daemon, for a shell that completes what is typed. Nobody waits long for it, and no daemon is no mistake.</summary>
internal static class NameCompletion
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    public static Argument<string> OfGuest(string name = "NAME", string description = "The guest.") => Of(new Argument<string>(name) { Description = description, HelpName = name }, Guests);

    public static Argument<string> OfSeat(string name = "SEAT", string description = "The seat.") => Of(new Argument<string>(name) { Description = description, HelpName = name }, Seats);

    public static Argument<string> OfPerson(string name = "NAME", string description = "The person.") => Of(new Argument<string>(name) { Description = description, HelpName = name }, Persons);

    public static IEnumerable<string> Guests(ApiClient client) => client.GetAsync("/v1/guests", ApiJson.Client.GuestMessageArray).GetAwaiter().GetResult().Select(guest => guest.Name);

    public static IEnumerable<string> Seats(ApiClient client) => client.GetAsync("/v1/seats", ApiJson.Client.SeatMessageArray).GetAwaiter().GetResult().Select(seat => seat.Name);

    public static IEnumerable<string> Modes(ApiClient client) =>
        client.GetAsync("/v1/seats", ApiJson.Client.SeatMessageArray).GetAwaiter().GetResult().SelectMany(seat => seat.Modes.Keys).Distinct();

    public static IEnumerable<string> Persons(ApiClient client) => client.GetAsync("/v1/persons", ApiJson.Client.PersonMessageArray).GetAwaiter().GetResult().Select(person => person.Name);

    public static Argument<string> Of(Argument<string> argument, params Func<ApiClient, IEnumerable<string>>[] names)
    {
        argument.CompletionSources.Add(context => Complete(context, names));
        return argument;
    }

    private static CompletionItem[] Complete(CompletionContext context, Func<ApiClient, IEnumerable<string>>[] names)
    {
        try
        {
            using var client = new ApiClient(HomeOption.Read(context.ParseResult), s_patience);
            return [.. names.SelectMany(ask => ask(client)).Select(name => new CompletionItem(name))];
        }
        catch (Exception error) when (error is UsageException or ApiException or OperationCanceledException)
        {
            return [];
        }
    }
}
