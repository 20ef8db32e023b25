using System.CommandLine;
using System.CommandLine.Help;
using Hearth.Api;
using Hearth.Api.Messages;
using Hearth.Doctor;
using Hearth.Linux;

namespace Hearth.Commands;

/// <summary><c>hearth seat</c>: where persons sit, and what they see there.</summary>
internal static class SeatCommand
{
    public const string Name = "seat";
    public const string Description = "Where persons sit, and what they see there.";

    private static readonly Option<string[]> s_modes = new("--mode") { Description = "A guest that the seat is switched to by a name, such as learn=school. May be repeated.", HelpName = "NAME=GUEST", Arity = ArgumentArity.OneOrMore };
    private static readonly Option<string[]> s_outputs = new("--output") { Description = "A screen's connector, such as HDMI-A-1. May be repeated.", HelpName = "NAME", Arity = ArgumentArity.OneOrMore };
    private static readonly Option<string[]> s_inputs = new("--input") { Description = "A keyboard, pointer or pad. May be repeated.", HelpName = "NAME", Arity = ArgumentArity.OneOrMore };
    private static readonly Option<string> s_sound = new("--sound") { Description = "The sound card.", HelpName = "NAME" };

    public static Command Build()
    {
        var command = new Command(Name, Description) { HomeOption.Instance, JsonOption.Instance };
        command.Add(BuildList());
        command.Add(BuildAdd());
        command.Add(BuildShow());
        command.Add(BuildEdit());
        command.Add(BuildAssign());
        command.Add(BuildSwitch());
        command.Add(BuildRemove());
        command.SetAction(parsed => new HelpAction().Invoke(parsed));
        return command;
    }

    private static Command BuildList()
    {
        var command = new Command("list", "Tell which seats there are.");
        command.SetAction(parsed => DaemonCall.Run(parsed, async client =>
        {
            SeatMessage[] seats = await client.GetAsync("/v1/seats", ApiJson.Client.SeatMessageArray);
            DaemonCall.Print(parsed, seats, _ => seats.Length == 0
                ? "There is no seat yet: `hearth seat add NAME` adds one.\n"
                : TextTable.Write(["name", "shows", "state", "modes"], seats.Select(seat => new[] { seat.Name, seat.Guest ?? "-", seat.Phase ?? "-", DescribeModes(seat) })));
        }));
        return command;
    }

    private static Command BuildAdd()
    {
        var name = new Argument<string>("NAME") { Description = "How the seat is called." };
        var command = new Command("add", "Add a seat.") { name, s_modes, s_outputs, s_inputs, s_sound };
        command.SetAction(parsed => DaemonCall.Run(parsed, async client =>
        {
            SeatSettings settings = ReadSettings(parsed) with { Name = parsed.GetValue(name) };
            SeatMessage seat = await client.AskAsync(HttpMethod.Post, "/v1/seats", settings, ApiJson.Client.SeatSettings, ApiJson.Client.SeatMessage);
            DaemonCall.Print(parsed, seat, _ => $"There is a seat {seat.Name}. `hearth seat switch {seat.Name} GUEST` shows a guest there.\n");
        }));
        return command;
    }

    private static Command BuildShow()
    {
        Argument<string> name = NameCompletion.OfSeat();
        var command = new Command("show", "Tell all about a seat.") { name };
        command.SetAction(parsed => DaemonCall.Run(parsed, async client =>
        {
            SeatMessage seat = await client.GetAsync(PathOf(parsed.GetValue(name)!), ApiJson.Client.SeatMessage);
            DaemonCall.Print(parsed, seat, width => Describe(seat, width));
        }));
        return command;
    }

    private static Command BuildEdit()
    {
        Argument<string> name = NameCompletion.OfSeat();
        var rename = new Option<string>("--name") { Description = "Another name.", HelpName = "NAME" };
        var command = new Command("edit", "Change a seat. A mode without a guest (NAME=) is taken away; outputs and inputs take the place of those before.") { name, rename, s_modes, s_outputs, s_inputs, s_sound };
        command.SetAction(parsed => DaemonCall.Run(parsed, client => ChangeAsync(parsed, client, parsed.GetValue(name)!, ReadSettings(parsed) with { Name = parsed.GetValue(rename) })));
        return command;
    }

    private static Command BuildAssign()
    {
        Argument<string> name = NameCompletion.OfSeat();
        Argument<string> guest = NameCompletion.OfGuest("GUEST", "The guest; none to show nothing.");
        var command = new Command("assign", "Note what a seat shows, without starting or saving anything.") { name, guest };
        command.SetAction(parsed => DaemonCall.Run(parsed, client =>
            ChangeAsync(parsed, client, parsed.GetValue(name)!, new SeatSettings { Guest = parsed.GetValue(guest) is "none" ? "" : parsed.GetValue(guest) })));
        return command;
    }

    private static Command BuildSwitch()
    {
        Argument<string> name = NameCompletion.OfSeat();
        Argument<string> to = NameCompletion.Of(new Argument<string>("MODE|GUEST") { Description = "A mode of the seat, or a guest.", HelpName = "MODE|GUEST" }, NameCompletion.Modes, NameCompletion.Guests);
        var person = new Option<string>("--person") { Description = "Who asks, where a guest is not for everybody. The PIN is asked for.", HelpName = "NAME" };
        var command = new Command("switch", "Show a guest at a seat at once. What was shown is saved behind it.") { name, to, person, PinEntry.FromStandardInput };
        command.SetAction(parsed => DaemonCall.Run(parsed, async client =>
        {
            var request = new SwitchRequest(parsed.GetValue(to), parsed.GetValue(person), parsed.GetValue(PinEntry.FromStandardInput) ? PinEntry.Read(parsed, "") : null);
            SeatMessage seat = await SwitchAsync(parsed, client, $"{PathOf(parsed.GetValue(name)!)}/switch", request);
            DaemonCall.Print(parsed, seat, _ => $"{seat.Name} shows {seat.Guest}.\n");
        }));
        return command;
    }

    private static Command BuildRemove()
    {
        Argument<string> name = NameCompletion.OfSeat();
        var command = new Command("remove", "Take a seat away. The guest that it shows runs on.") { name };
        command.SetAction(parsed => DaemonCall.Run(parsed, client => client.DoAsync(HttpMethod.Delete, PathOf(parsed.GetValue(name)!))));
        return command;
    }

    private static async Task<SeatMessage> SwitchAsync(ParseResult parsed, ApiClient client, string path, SwitchRequest request)
    {
        try
        {
            return await AskAsync(request);
        }
        catch (ApiException error) when (error.Problem.Code == "pin-needed" && RawTerminal.IsTerminal(new FileDescriptor(0)))
        {
            return await AskAsync(request with { Pin = PinEntry.Read(parsed, $"PIN of {request.Person}: ") });
        }

        Task<SeatMessage> AskAsync(SwitchRequest asked) => client.AskAsync(HttpMethod.Post, path, asked, ApiJson.Client.SwitchRequest, ApiJson.Client.SeatMessage);
    }

    private static async Task ChangeAsync(ParseResult parsed, ApiClient client, string name, SeatSettings settings)
    {
        SeatMessage seat = await client.AskAsync(HttpMethod.Patch, PathOf(name), settings, ApiJson.Client.SeatSettings, ApiJson.Client.SeatMessage);
        DaemonCall.Print(parsed, seat, width => Describe(seat, width));
    }

    private static SeatSettings ReadSettings(ParseResult parsed) => new()
    {
        Modes = parsed.GetValue(s_modes) is { Length: > 0 } modes ? modes.Select(ParseMode).ToDictionary(StringComparer.OrdinalIgnoreCase) : null,
        Outputs = Given(parsed.GetValue(s_outputs)),
        Inputs = Given(parsed.GetValue(s_inputs)),
        Sound = parsed.GetValue(s_sound),
    };

    private static KeyValuePair<string, string> ParseMode(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 ? new(text[..equals], text[(equals + 1)..]) : throw new UsageException($"--mode {text} is none: write a name and a guest, such as learn=school");
    }

    private static string[]? Given(string[]? texts) => texts is { Length: > 0 } ? texts : null;

    private static string Describe(SeatMessage seat, int? width)
    {
        var table = new TableText(width);
        table.Paragraph(seat.Name);
        table.Row("shows", seat.Guest is null ? "nothing" : $"{seat.Guest}, {seat.Phase}");
        table.Row("modes", DescribeModes(seat));
        table.Row("outputs", Join(seat.Outputs));
        table.Row("inputs", Join(seat.Inputs));
        table.Row("sound", seat.Sound ?? "none");
        return table.ToString();
    }

    private static string DescribeModes(SeatMessage seat) => Join([.. seat.Modes.Select(mode => $"{mode.Key}={mode.Value}")]);

    private static string Join(IReadOnlyList<string> texts) => texts.Count == 0 ? "none" : string.Join(", ", texts);

    private static string PathOf(string seat) => $"/v1/seats/{ApiClient.Part(seat)}";
}
